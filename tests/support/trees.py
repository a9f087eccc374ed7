"""Folder trees to back up, a merchant's next day, and the comparison of two trees.

`hostile_tree` holds what breaks programs, `shop_tree` what a shop really has; `mutate` is the next
day; `snapshot` and `compare` say in words what a restore got wrong. Everything follows from the
seed alone (names, contents, times), so that a failing seed fails again.
"""

import os
import stat
import struct
from pathlib import Path
from random import Random

from tests.support.hostile_names import (
    FORMAT_FILES,
    FORMAT_FOLDERS,
    Filesystem,
    holds,
    hostile_names,
)
from tests.support.shop import (
    DAY,
    MIB,
    SECOND,
    START,
    mutate,
    rewrite_keeping_times,
    set_time,
    shop_tree,
)
from tests.support.snapshots import Entry, Snapshot, compare, snapshot, walk

__all__ = [
    "Entry",
    "Filesystem",
    "Snapshot",
    "compare",
    "hostile_names",
    "hostile_tree",
    "mutate",
    "rewrite_keeping_times",
    "shop_tree",
    "snapshot",
]

YEAR_2100 = 4_102_444_800 * SECOND


def hostile_tree(root: Path, *, seed: int = 1, filesystem: Filesystem = "posix") -> None:
    """Make every name, kind and attribute of issue 2 "Must hold 1" that the file system can hold.

    `root` is created. Attributes that only some file systems take (xattrs, ACLs) are tried and
    left out when refused; everything else must succeed.
    """
    random = Random(f"hostile {seed}")
    root.mkdir(parents=True, exist_ok=True)
    _hostile_names(root, random, filesystem)
    _format_words(root, random)
    _shapes(root, random)
    if filesystem != "exfat":
        _links(root, random)
        _special_files(root)
    _attributes(root, random)
    _times(root, random, filesystem)


def _hostile_names(root: Path, random: Random, filesystem: Filesystem) -> None:
    names = hostile_names(filesystem)
    files = root / "namen"
    files.mkdir()
    for name in names:
        (files / os.fsdecode(name)).write_bytes(_bytes(random, 0, 3000))
    # As folders too: each holds a file of the same name, twins so get different contents.
    folders = root / "ordner"
    folders.mkdir()
    for name in names:
        folder = folders / os.fsdecode(name)
        folder.mkdir()
        (folder / "inhalt.txt").write_bytes(_bytes(random, 1, 100))
    for name in (b"oben.", b"-rf", b"oben\nunten", b"M\xe4rz"):  # at the top, where scripts start
        if holds(name, filesystem):
            (root / os.fsdecode(name)).write_bytes(_bytes(random, 1, 500))


def _format_words(root: Path, random: Random) -> None:
    for name in FORMAT_FILES:
        (root / name).write_bytes(_bytes(random, 10, 500))
    for name, inner in FORMAT_FOLDERS.items():
        (root / name).mkdir()
        (root / name / inner).write_bytes(_bytes(random, 10, 500))
    below = root / "namen" / "inhalt.tsv.gz"  # a folder of that name, one level down
    below.mkdir()
    (below / "teile").write_bytes(_bytes(random, 10, 500))


def _shapes(root: Path, random: Random) -> None:
    """Sizes and depths: empty things, block borders, duplicates, holes, long paths."""
    shapes = root / "formen"
    shapes.mkdir()
    for size in (0, 1, 511, 512, 513, 4095, 4096, 4097, 65_536, 131_073, 1_048_577):
        (shapes / f"groesse-{size}.bin").write_bytes(random.randbytes(size))
    (shapes / "noch-eine-leere").touch()
    (shapes / "nullen.bin").write_bytes(bytes(100_000))
    same = random.randbytes(20_000)
    for name in ("doppelt-1.bin", "doppelt-2.bin"):
        (shapes / name).write_bytes(same)
    (shapes / "leerer Ordner" / "darin noch einer").mkdir(parents=True)
    with (shapes / "loecher.bin").open("wb") as file:
        file.write(random.randbytes(5000))
        file.seek(5 * MIB)
        file.write(random.randbytes(5000))
        file.truncate(8 * MIB)
    deep = root / "tief"
    for level in range(10):
        deep = deep / f"{level:02d} {'Ordner mit einem sehr langen Namen ' * 2}Ende"
    deep.mkdir(parents=True)  # more than 700 characters below the root
    (deep / "ganz unten.txt").write_bytes(b"tief")
    (root / "viele" / Path(*["e"] * 60)).mkdir(parents=True)


def _links(root: Path, random: Random) -> None:
    links = root / "verweise"
    links.mkdir()
    (links / "ziel.txt").write_bytes(_bytes(random, 10, 500))
    (links / "ordner").mkdir()
    (links / "ordner" / "darin.txt").write_bytes(_bytes(random, 10, 500))
    targets = {
        "relativ": "ziel.txt",
        "hinauf": "../formen/groesse-1.bin",
        "absolut": str(links / "ziel.txt"),
        "fremd": "/etc/hostname",
        "ins-leere": "gibt es nicht",
        "auf-ordner": "ordner",
        "auf-sich": "auf-sich",
        "im-kreis": "..",
        "weit-hinaus": "../" * 40 + "etc/passwd",
        "kette": "relativ",
        "lang": "x" * 255 + "/" + "y" * 255,
        "sonderzeichen": "$(touch pwned)\n'\"%41",
    }
    for name, target in targets.items():
        (links / name).symlink_to(target)
    first = links / "hart-1.bin"
    first.write_bytes(_bytes(random, 1000, 5000))
    (links / "hart-2.bin").hardlink_to(first)
    (links / "ordner" / "hart-3.bin").hardlink_to(first)
    empty = links / "hart-leer-1"
    empty.touch()
    (links / "hart-leer-2").hardlink_to(empty)


def _special_files(root: Path) -> None:
    """What a backup must step over; opening the pipe would block it for ever."""
    special = root / "sonder"
    special.mkdir()
    os.mkfifo(special / "rohr")
    os.mknod(special / "buchse", stat.S_IFSOCK | 0o600)
    (special / "daneben.txt").write_bytes(b"wird gesichert")


def _attributes(root: Path, random: Random) -> None:
    attributes = root / "merkmale"
    attributes.mkdir()
    modes = [0o400, 0o600, 0o644, 0o755, 0o777]
    if os.geteuid() == 0:  # nobody else could read it again, not even to compare
        modes.append(0o000)
    for mode in modes:
        path = attributes / f"modus-{mode:04o}"
        path.write_bytes(_bytes(random, 10, 200))
        path.chmod(mode)
    folder = attributes / "ordner-0700"
    folder.mkdir()
    folder.chmod(0o700)
    tagged = attributes / "xattr.txt"
    tagged.write_bytes(_bytes(random, 10, 200))
    with_acl = attributes / "acl.txt"
    with_acl.write_bytes(_bytes(random, 10, 200))
    _set_xattr(tagged, "user.einfach", b"wert")
    _set_xattr(tagged, "user.leer", b"")
    _set_xattr(tagged, "user.bin\u00e4r", random.randbytes(200))
    _set_xattr(folder, "user.am-ordner", b"\x00\xff")
    acl = _posix_acl()
    _set_xattr(with_acl, "system.posix_acl_access", acl)
    _set_xattr(folder, "system.posix_acl_default", acl)


def _set_xattr(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError:  # not on this file system, or not for this user
        pass


def _posix_acl() -> bytes:
    """Build owner rw-, user 1234 r--, group r--, mask r--, others --- in the kernel's own form."""
    nobody = 0xFFFFFFFF
    rows = [(0x01, 6, nobody), (0x02, 4, 1234), (0x04, 4, nobody), (0x10, 4, nobody)]
    rows.append((0x20, 0, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)


def _times(root: Path, random: Random, filesystem: Filesystem) -> None:
    """Give every entry a time of its own; setting a child's time leaves its folder's alone."""
    odd = {
        "posix": [1, 0, -1, 123_456_789 - 10**18, YEAR_2100 + 999_999_999],
        "ntfs": [100, 0, -123_456_789 * SECOND, YEAR_2100 + 700],  # 1601 and later in 100 ns
        "exfat": [START, YEAR_2100],  # 1980 to 2107 in 2 s
    }[filesystem]
    step = {"posix": 1, "ntfs": 100, "exfat": 2 * SECOND}[filesystem]
    for number, path in enumerate(walk(root)):
        if number % 7 == 0:
            moment = odd[number // 7 % len(odd)]
        else:
            moment = (START - random.randrange(3000 * DAY)) // step * step
        set_time(path, moment)


def _bytes(random: Random, least: int, most: int) -> bytes:
    return random.randbytes(random.randint(least, most))
