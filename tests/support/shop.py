"""A small merchant's folder and its next days.

The content of a file follows from seed, path and version, so that a later day can set a file back
to what it was before (a price list going 10 → 99 → 10 is what naive layering gets wrong).
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.support.snapshots import walk

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z: day 0 of every tree
MIB = 1 << 20

PRICES = Path("Preise/preisliste.csv")
LOG = Path("Protokolle/kasse.log")
DUMP = Path("Sicherung/shop.sql")
FLIP_FILE = Path("Wechsel/notiz")  # a file on even days, a folder on odd ones
FLIP_FOLDER = Path("Wechsel/mappe")  # the reverse


# ------------------------------------------------------------------ contents


def _random(*parts: object) -> Random:
    return Random("|".join(map(str, parts)))


def _csv(random: Random) -> bytes:
    rows = [
        f"{number};Artikel {random.randint(1, 9999)};{random.randint(99, 99999) / 100:.2f};Stück"
        for number in range(random.randint(20, 400))
    ]
    return "\n".join(["Nr;Name;Preis;Einheit", *rows, ""]).encode()


def _invoice(random: Random) -> bytes:
    text = "".join(f"({random.randint(1, 99)} x Ware {random.random()}) Tj\n" for _ in range(60))
    return (
        b"%PDF-1.4\n" + text.encode() + random.randbytes(random.randint(500, 8000)) + b"\n%%EOF\n"
    )


def _image(random: Random) -> bytes:
    return b"\xff\xd8\xff\xe0" + random.randbytes(random.randint(2000, 40_000)) + b"\xff\xd9"


def _text(random: Random) -> bytes:
    return "".join(
        f"Zeile {random.random()} äöü €\n" for _ in range(random.randint(1, 80))
    ).encode()


_KINDS: dict[str, Callable[[Random], bytes]] = {".csv": _csv, ".pdf": _invoice, ".jpg": _image}


def _content(seed: int, path: Path, version: int) -> bytes:
    return _KINDS.get(path.suffix, _text)(_random("inhalt", seed, path, version))


def _dump_lines(seed: int, number: int) -> bytes:
    """Return about 1 MiB of SQL that packs to roughly half, as dumps do, and repeats nowhere."""
    digits = _random("dump", seed, number).randbytes(500_000).hex().encode()
    head = b"INSERT INTO bestellung VALUES (%08d,'"
    lines = [
        head % (number * 10_000 + row) + digits[row * 450 : row * 450 + 450] + b"');\n"
        for row in range(len(digits) // 450)
    ]
    block = b"".join(lines)
    return block[: MIB - 1].ljust(MIB - 1, b" ") + b"\n"


# ------------------------------------------------------------------ the tree


def set_time(path: Path, moment: int) -> None:
    """Set the time of the entry itself, also of a link."""
    os.utime(path, ns=(moment, moment), follow_symlinks=False)


def _shop_paths(files: int) -> Iterator[Path]:
    yield from (PRICES, LOG, LOG.with_suffix(".log.1"), FLIP_FILE, FLIP_FOLDER / "blatt.txt")
    yield from (
        Path("Daten/kunden.csv"),
        Path("Daten/artikel.csv"),
        Path("Büro/Brief an Müller.txt"),
    )
    for number in range(files - 10):
        if number % 3 == 0:
            yield Path(f"Bilder/Artikel {number:04}.jpg")
        else:
            yield Path(f"Rechnungen/{2024 + number % 2}/RE-{number:05}.pdf")


def shop_tree(root: Path, *, seed: int = 1, files: int = 60, big_mib: int = 0) -> None:
    """Make a shop of about `files` small files, empty folders, duplicates and a dump."""
    root.mkdir(parents=True, exist_ok=True)
    for path in _shop_paths(max(files, 16)):
        _write(root / path, _content(seed, path, 0))
    _write(
        root / "Bilder/Kopie von Artikel 0000.jpg", (root / "Bilder/Artikel 0000.jpg").read_bytes()
    )
    (root / "Büro/leer").mkdir()
    (root / "Büro/leer.txt").touch()
    (root / "Archiv").mkdir()
    if big_mib:
        (root / DUMP).parent.mkdir()
        with (root / DUMP).open("wb") as file:
            for number in range(big_mib):
                file.write(_dump_lines(seed, number))
    random = _random("zeiten", seed)
    for entry in [*walk(root), root]:
        set_time(entry, START - random.randrange(400 * DAY))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# ------------------------------------------------------------------ the next day


def mutate(root: Path, *, seed: int, day: int) -> None:
    """Turn the tree of day - 1 into that of `day` (1, 2, 3 …), with the seed it was made from.

    Each day: change, append, create, delete, rename, copy, move a folder, rotate a log, set a file
    back to its content of two days ago, turn a file into a folder and the reverse, touch only,
    chmod only, change a dump in the middle. Works on any tree, with what it finds there.
    """
    _Day(root, seed, day).run()


class _Day:
    """One day's work; keeps the folders it touched, whose times are set last."""

    def __init__(self, root: Path, seed: int, day: int) -> None:
        self.root = root
        self.seed = seed
        self.day = day
        self.random = _random("tag", seed, day)
        self.touched: set[Path] = set()
        fixed = {root / path for path in (PRICES, LOG, LOG.with_suffix(".log.1"), DUMP, FLIP_FILE)}
        files = [path for path in walk(root) if path.is_file() and not path.is_symlink()]
        self.pool = [path for path in files if path not in fixed and "Wechsel" not in path.parts]
        self.random.shuffle(self.pool)

    def run(self) -> None:
        self.ordinary_work()
        self.set_back()
        self.append_and_rotate()
        self.flip()
        self.change_dump()
        self.move_folder()  # last: what was taken from the pool before keeps its path
        for folder in sorted(self.touched):
            if folder.is_dir():
                set_time(folder, self.moment())

    def moment(self) -> int:
        """Return some time of that day; even seconds, which every disk can keep."""
        return START + self.day * DAY + self.random.randrange(43_000) * 2 * SECOND

    def take(self, number: int) -> list[Path]:
        taken, self.pool = self.pool[:number], self.pool[number:]
        return taken

    def write(self, path: Path, data: bytes) -> None:
        self.touched.add(path.parent)
        _write(path, data)
        set_time(path, self.moment())

    def ordinary_work(self) -> None:
        for path in self.take(3):
            self.write(path, _content(self.seed, path.relative_to(self.root), self.day))
        for path in self.take(2):
            self.touched.add(path.parent)
            path.unlink()
        for path in self.take(2):
            self.touched.add(path.parent)
            path.rename(path.with_name(f"{self.day} umbenannt {path.name[-40:]}"))
        for path in self.take(1):
            self.write(path.with_name(f"{self.day} Kopie {path.name[-40:]}"), path.read_bytes())
        for path in self.take(2):
            set_time(path, self.moment())
        for path in self.take(2):
            path.chmod(0o600 if path.stat().st_mode & 0o044 else 0o644)
        for number in range(3):
            new = Path(f"Rechnungen/2026/RE-{self.day:03}-{number}.pdf")
            self.touched.add(self.root / "Rechnungen")
            self.touched.add(self.root)
            self.write(self.root / new, _content(self.seed, new, 0))

    def set_back(self) -> None:
        if (self.root / PRICES).is_file():
            self.write(self.root / PRICES, _content(self.seed, PRICES, self.day % 2))

    def append_and_rotate(self) -> None:
        log = self.root / LOG
        if not log.is_file():
            return
        if self.day % 2 == 0:
            log.replace(log.with_suffix(".log.1"))
            self.write(log, b"")
        with log.open("ab") as file:
            file.write(_content(self.seed, LOG, self.day))
        set_time(log, self.moment())

    def flip(self) -> None:
        """Let one name change from file to folder and another from folder to file, and back."""
        to_folder, to_file = self.root / FLIP_FILE, self.root / FLIP_FOLDER
        if self.day % 2 == 0:
            to_folder, to_file = to_file, to_folder
        if not to_folder.is_file() or not to_file.is_dir():
            return
        to_folder.unlink()
        shutil.rmtree(to_file)
        blatt = to_folder / "blatt.txt"
        self.write(blatt, _content(self.seed, blatt.relative_to(self.root), self.day))
        self.write(to_file, _content(self.seed, to_file.relative_to(self.root), self.day))
        self.touched.add(to_folder)

    def change_dump(self) -> None:
        """Overwrite some rows in the middle on odd days, insert some on even ones."""
        dump = self.root / DUMP
        if not dump.is_file():
            return
        middle = dump.stat().st_size // 2 + self.random.randrange(100_000)
        rows = _dump_lines(self.seed, 100_000 + self.day)[: self.random.randint(10_000, 200_000)]
        with dump.open("r+b") as file:
            file.seek(middle)
            rest = file.read() if self.day % 2 == 0 else b""
            file.seek(middle)
            file.write(rows)
            file.write(rest)
        set_time(dump, self.moment())

    def move_folder(self) -> None:
        here, there = self.root / "Rechnungen/2024", self.root / "Archiv/Rechnungen 2024"
        if self.day % 2 == 0:
            here, there = there, here
        if here.is_dir() and there.parent.is_dir():
            here.rename(there)
            moved = {path for path in self.touched if path.is_relative_to(here)}
            self.touched |= {there / path.relative_to(here) for path in moved}
            self.touched |= {here.parent, there.parent}


def rewrite_keeping_times(path: Path, *, seed: int) -> None:
    """Give the file other bytes of the same number and its old times, as liars do.

    Only ctime shows it, and not every file system has one (exFAT).
    """
    status = path.stat()
    with path.open("r+b") as file:
        file.write(_random("umschreiben", seed, path.name).randbytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
