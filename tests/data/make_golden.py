"""Makes a finished copy of the present format for tests/data; run once per released format version.

    python -m tests.data.make_golden tests/data/format-1.zip

The copy of an older format is never made again: each build has to restore it as it lies here.
"""

from __future__ import annotations

import json
import os
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
        path.hex(): [entry.kind, entry.sha256, entry.mtime_ns, entry.mode]
        for path, entry in sorted(tree.items())
    }


def make(place: Path) -> dict[str, dict[str, list[str | int | None]]]:
    """Three states of a small shop below `place`; what each must restore to, by number."""
    source, disk, home = place / "shop", place / "platte", place / "home"
    disk.mkdir()
    (home / "config").mkdir(parents=True)
    (home / "config/plan.toml").write_text(PLAN.format(source=source, disk=disk))
    shop_tree(source, seed=11, files=14)
    for name in ODD_NAMES:
        Path(os.fsdecode(bytes(source) + b"/" + name)).write_bytes(b"Inhalt von " + name)
    expected = {}
    for day in (1, 2, 3):
        if day == 2:
            mutate(source, seed=11, day=2)
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
