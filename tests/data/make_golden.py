"""Makes finished copies of the present format for tests/data, once per released format version.

    python -m tests.data.make_golden tests/data

One in each layout: `format-1-tree.zip`, `-bundled`, `-sealed`; in each `expected.json`, what its
states have to restore to, and of an encrypted one `blatt.txt`, the two lines of its sheet. Names,
bytes and times of the shop follow from seeds; what differs from one making to the next is the hour,
the random ends of runs and vault names, and how rclone scrambles. Copies of a released format are
never made again: each build has to restore them as they lie here.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import zipfile
from pathlib import Path

from core.copies.format import documents
from core.secrets.recovery import Pair
from tests.engine.stage import LAYOUTS, Layout, make_shop
from tests.support.snapshots import Entry, snapshot
from tests.support.trees import mutate, shop_tree

Described = dict[str, list[str | int | None]]
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


def described(tree: dict[bytes, Entry]) -> Described:
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
    (source / "verweis").symlink_to("Preise/preisliste.csv")
    (source / "verweis-hinaus").symlink_to("/etc/hostname")
    (source / "zweiter Name").hardlink_to(source / "punkt.")
    (source / "Größe.txt").chmod(0o400)
    (source / "Archiv").chmod(0o700)
    os.setxattr(source / "CON.txt", "user.herkunft", b"\x00\xff")
    with (source / LARGE).open("wb") as file:
        file.truncate(64 << 20)
        file.write(random.Random(1).randbytes(5000))


def trim(source: Path) -> None:
    """Pictures and papers lose most of their bytes: the whole must stay small."""
    for path in (*source.rglob("*.jpg"), *source.rglob("*.pdf")):
        if path.stat().st_size > 1200:
            os.truncate(path, 1200)


def change_the_large_file(source: Path) -> None:
    with (source / LARGE).open("r+b") as file:
        file.seek(20 << 20)
        file.write(random.Random(2).randbytes(5000))


def make(place: Path, layout: Layout) -> tuple[dict[str, Described], Pair | None]:
    """Three states of a small shop below `place`; what each must restore to, by number; the key."""
    shop = make_shop(place, layout=layout)
    shop_tree(shop.source, seed=11, files=14)
    odd_things(shop.source)
    trim(shop.source)
    expected = {}
    for day in (1, 2, 3):
        if day == 2:
            mutate(shop.source, seed=11, day=2)
            change_the_large_file(shop.source)
            trim(shop.source)
        shop.backup()  # the third run finds nothing changed
        expected[str(day)] = described(snapshot(shop.source))
    return expected, shop.pair


def pack(layout: Layout, into: Path) -> None:
    """Make one copy and put it into an archive. (LZMA: 64 MiB of nothing are small in it.)"""
    with tempfile.TemporaryDirectory() as folder:
        expected, pair = make(Path(folder), layout)
        copy = Path(folder) / "medien/platte/laden"
        with zipfile.ZipFile(into, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr("expected.json", json.dumps(expected))
            if pair is not None:
                archive.writestr("blatt.txt", f"{pair.password}\n{pair.salt}\n")
            for path in sorted(copy.rglob("*")):
                archive.write(path, Path("platte/laden") / path.relative_to(copy))


def main() -> None:
    for layout in LAYOUTS:
        pack(layout, Path(sys.argv[1]) / f"format-{documents.FORMAT}-{layout}.zip")


if __name__ == "__main__":
    main()
