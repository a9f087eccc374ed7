"""Makes a finished copy of the present format for tests/data; run once per released format version.

    python -m tests.data.make_golden tests/data/format-1.zip

The copy of an older format is never made again: each build has to restore it as it lies here.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.support import cli
from tests.support.snapshots import Entry, snapshot
from tests.support.trees import mutate, shop_tree

PLAN = """version = 1
[[systems]]
id = "laden"
[[systems.sources]]
kind = "folders"
paths = ["{source}"]
[[destinations]]
id = "platte"
encrypted = false
[destinations.location]
kind = "local"
path = "{disk}"
[[copies]]
system = "laden"
destination = "platte"
"""
LARGE = "kasse.fdb.sicherung"
ODD_NAMES = (
    b"neu\nzeile.txt",
    b'"quote" & $(touch pwned) `id` %41.txt',
    b"CON.txt",
    b"latin-\xe4.txt",
    "Größe.txt".encode(),
    b"GR\xc3\x96SSE.TXT",
    b"punkt.",
    b"-rf",
)


def described(tree: dict[bytes, Entry]) -> dict[str, list[str | int | None]]:
    """A tree as JSON can hold it; paths as hex, because not all are text."""
    return {
        path.hex(): [
            entry.kind,
            entry.sha256,
            entry.mtime_ns,
            entry.mode,
            entry.target.hex() if entry.target is not None else None,
            entry.group.hex() if entry.group is not None else None,
        ]
        for path, entry in sorted(tree.items())
    }


def odd_things(source: Path) -> None:
    """Odd names, links, hard links, rights, an attribute, and a file large enough for parts."""
    for name in ODD_NAMES:
        Path(os.fsdecode(bytes(source) + b"/" + name)).write_bytes(b"Inhalt von " + name)
    for image in (source / "Bilder").iterdir():
        os.truncate(image, 2000)  # the whole must stay small
    (source / "verweis").symlink_to("Preise/preisliste.csv")
    (source / "verweis-hinaus").symlink_to("/etc/hostname")
    (source / "zweiter Name").hardlink_to(source / "punkt.")
    (source / "Größe.txt").chmod(0o400)
    (source / "Archiv").chmod(0o700)
    os.setxattr(source / "CON.txt", "user.herkunft", b"\x00\xff")
    with (source / LARGE).open("wb") as file:
        file.truncate(64 << 20)
        file.write(random.Random(1).randbytes(5000))


def change_the_large_file(source: Path) -> None:
    with (source / LARGE).open("r+b") as file:
        file.seek(20 << 20)
        file.write(random.Random(2).randbytes(5000))


def make(place: Path) -> dict[str, dict[str, list[str | int | None]]]:
    """Three states of a small shop below `place`; what each must restore to, by number."""
    source, disk, home = place / "shop", place / "platte", place / "home"
    disk.mkdir()
    (home / "config").mkdir(parents=True)
    (home / "config/plan.toml").write_text(PLAN.format(source=source, disk=disk))
    shop_tree(source, seed=11, files=14)
    odd_things(source)
    expected = {}
    for day in (1, 2, 3):
        if day == 2:
            mutate(source, seed=11, day=2)
            change_the_large_file(source)
        cli.run("backup", home=home)  # the third run finds nothing changed
        expected[str(day)] = described(snapshot(source))
    return expected


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        expected = make(Path(place))
        copy = Path(place) / "platte/laden"
        with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("expected.json", json.dumps(expected))
            for path in sorted(copy.rglob("*")):
                archive.write(path, Path("platte/laden") / path.relative_to(copy))


if __name__ == "__main__":
    main()
