"""Seeded data for the measurements, and its next day.

shop   scale 1: 24,004 files, 1.75 GB: images, invoices, CSV, settings, a dump of 600 MB and three
       mailboxes of 40 MB
many   scale 1: 500,000 files of 1-4 KB, 250 to a folder
small  scale 1: 10,000 files of 2-20 KB

Same set, scale and seed give the same names, bytes and times. The bytes are those of the peers'
measurements (shop: their scale 0.4), so that figures can be compared.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

SEED = 321
START = 1_700_000_000
NEXT_DAY = START + 10_000_000
DUMP = Path("db/shop.sql")
BIG = (".sql", ".mbox")  # changed in part on the next day, not wholly

_BLOCK = 1 << 22
_WORDS = (
    "Auftrag Kunde Lieferung Rechnung Artikel Lager Versand Zahlung Rabatt Netto Brutto"
    " Umsatzsteuer Menge Einheit Position Datum Nummer Adresse Land Bestellung Retoure"
    " Gutschrift Mahnung Konto Buchung Beleg Filiale Kasse"
).split()


@dataclass(frozen=True, slots=True)
class BenchSet:
    """One set. room_gb: what its measurements need at scale 1, copies and restore included.

    days: runs after the first that are not measured, `day` changes the source before each. All of
    them lie within 14 days for the anomaly gate: they change less than a third of it together.
    """

    name: str
    make: Callable[[Path, float, int], None]
    room_gb: float
    days: int = 0
    day: Callable[[Path, int], None] = lambda root, day: None


# ------------------------------------------------------------------------------ contents


def _row(random: Random, number: int) -> str:
    return (
        f"{number};SKU-{random.randrange(10**6):06d};{random.choice(_WORDS)} "
        f"{random.choice(_WORDS)};{random.randrange(200)};{random.randrange(900)}."
        f"{random.randrange(100):02d};{random.choice(('EUR', 'CHF', 'PLN'))}\n"
    )


def _image(random: Random) -> bytes:
    """5 to 200 KB, most of them small, incompressible."""
    size = int(5_000 * 40 ** random.random())
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + random.randbytes(size)


def _invoice(random: Random, number: int) -> bytes:
    text = " ".join(random.choices(_WORDS, k=200)).encode()
    head = b"%%PDF-1.4\n1 0 obj\n<</Title(Rechnung %d)>>\nstream\n" % number
    body = random.randbytes(random.randint(8_000, 30_000))
    return head + body + b"\nendstream\n" + text + b"\n%%EOF\n"


def _settings(random: Random, number: int) -> bytes:
    lines = (
        f"{random.choice(_WORDS)}_{line} = {random.choice(_WORDS)}\n"
        for line in range(random.randint(10, 80))
    )
    return (f"[shop]\nid={number}\n" + "".join(lines)).encode()


def _mail(random: Random, number: int) -> bytes:
    if random.random() < 0.4:
        body = base64.encodebytes(random.randbytes(random.randint(5_000, 90_000)))
    else:
        body = (" ".join(random.choices(_WORDS, k=random.randint(40, 400))) + "\n").encode()
    head = (
        b"From shop@example.org Mon Jan  1 00:00:00 2024\n"
        b"Message-ID: <%d.%d@example.org>\nSubject: %s\n\n"
    )
    key = random.randrange(10**9)
    return head % (number, key, random.choice(_WORDS).encode()) + body + b"\n"


def _dump(random: Random, size: int, first: int = 0) -> Iterator[bytes]:
    """Blocks of SQL, at least `size` bytes together."""
    pool = [_order(random) for _ in range(100_000)]
    done, number = 0, first
    while done < size:
        rows = random.choices(pool, k=500)
        values = ",".join(f"({number + at},{row}" for at, row in enumerate(rows))
        block = f"INSERT INTO `s_order` VALUES {values};\n".encode()
        number += len(rows)
        done += len(block)
        yield block


def _order(random: Random) -> str:
    return (
        f"'{random.choice(_WORDS)}','{random.choice(_WORDS)} {random.choice(_WORDS)}',"
        f"'{random.getrandbits(128):032x}',{random.randrange(999)}.{random.randrange(100):02d},"
        f"'{random.choice(('EUR', 'CHF'))}',"
        f"'2024-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}')"
    )


# ------------------------------------------------------------------------------ trees


def _put(path: Path, data: bytes, moment: int) -> None:
    path.write_bytes(data)
    os.utime(path, (moment, moment))


def _shop(root: Path, scale: float, seed: int) -> None:
    random = Random(seed)
    csv_rows = [_row(random, number) for number in range(5_000)]
    for number in range(round(24_000 * scale)):
        path, data = _shop_file(random, number, csv_rows)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        _put(root / path, data, START + number)
    _write_blocks(root / DUMP, _dump(random, round(600_000_000 * scale)))
    for number in range(3):
        mailbox = root / f"mail/postfach-{number}.mbox"
        mailbox.parent.mkdir(exist_ok=True)
        mailbox.touch()
        _add_mails(mailbox, random, round(40_000_000 * scale), 0, START)


def _shop_file(random: Random, number: int, csv_rows: list[str]) -> tuple[str, bytes]:
    kind = number % 100
    if kind < 62:
        path = f"bilder/{number % 23:02d}/{number % 331:03d}/produkt-{number:06d}.jpg"
        return path, _image(random)
    if kind < 90:
        path = f"rechnungen/{2019 + number % 6}/{1 + number % 12:02d}/RE-{number:06d}.pdf"
        return path, _invoice(random, number)
    if kind < 96:
        rows = random.choices(csv_rows, k=random.randint(50, 3000))
        return f"export/{number % 97:03d}/artikel-{number:06d}.csv", "".join(rows).encode()
    return f"config/{number % 53:03d}/shop-{number:06d}.ini", _settings(random, number)


def _write_blocks(path: Path, blocks: Iterator[bytes]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.writelines(blocks)
    os.utime(path, (START, START))


def _add_mails(path: Path, random: Random, up_to: float, number: int, moment: int) -> None:
    with path.open("ab") as file:
        while file.tell() < up_to:
            file.write(_mail(random, number))
            number += 1
    os.utime(path, (moment, moment))


def _tiny(root: Path, random: Random, files: int, sizes: tuple[int, int], per_folder: int) -> None:
    for number in range(files):
        at = number // per_folder
        folder = root / f"a{at // 40:03d}" / f"b{at:03d}"
        if number % per_folder == 0:
            folder.mkdir(parents=True)
        data = random.randbytes(random.randint(*sizes))
        _put(folder / f"f{number:07d}.dat", data, START + number)


def _many(root: Path, scale: float, seed: int) -> None:
    _tiny(root, Random(seed), round(500_000 * scale), (1024, 4096), 250)


def _small(root: Path, scale: float, seed: int) -> None:
    _tiny(root, Random(seed), round(10_000 * scale), (2_000, 20_000), 200)


def _little_shop(root: Path, scale: float, seed: int) -> None:
    _shop(root, scale / 20, seed)


def _quiet_day(root: Path, day: int) -> None:
    """Three files changed, two new, some of the dump and of the mailboxes."""
    random = Random(2000 + day)
    files = small_files(root)
    for name in random.sample(files, 3):
        _change(root / name, random)
    for number in range(2):
        _put(root / f"bilder/00/neu-{day:03}-{number}.jpg", _image(random), NEXT_DAY)
    _change_dump(root / DUMP, random)
    for path in sorted((root / "mail").iterdir()):
        _add_mails(path, random, path.stat().st_size * 1.01, 10**6 + day, NEXT_DAY)


def _few_of_many(root: Path, day: int) -> None:
    """Forty files changed, each in a folder of its own."""
    random = Random(3000 + day)
    folders = sorted(root.glob("a*/b*"))
    for folder in random.sample(folders, min(40, len(folders))):
        with os.scandir(folder) as entries:
            first = min(entry.path for entry in entries)
        _put(Path(first), random.randbytes(random.randint(1024, 4096)), NEXT_DAY + day)


SETS = {
    each.name: each
    for each in (
        BenchSet("shop", _shop, 9.5),
        BenchSet("many", _many, 9.0),
        BenchSet("small", _small, 0.8),
        BenchSet("days", _little_shop, 2.5, 60, _quiet_day),
        BenchSet("states", _many, 7.0, 199, _few_of_many),
    )
}


def make(name: str, root: Path, scale: float, seed: int = SEED) -> None:
    """Make the set `name` in the new folder `root`."""
    root.mkdir(parents=True)
    SETS[name].make(root, scale, seed)


def small_files(root: Path) -> list[str]:
    """The paths below `root` of all files that a day changes wholly or not at all, sorted."""
    return sorted(
        os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - half a million
        for folder, _, names in os.walk(root)
        for name in names
        if not name.endswith(BIG)
    )


# ------------------------------------------------------------------------------ the next day


def next_day(root: Path, day: int = 2) -> None:
    """One day of work on a set made by `make`.

    1 % of the small files changed, 0.5 % new, 0.2 % deleted, 0.3 % renamed; the dump written anew
    with 5 % of it changed in the middle and 64 KiB inserted there; mailboxes grown by 3 %.
    """
    random = Random(1000 + day)
    files = [root / path for path in small_files(root)]
    random.shuffle(files)
    ends = [round(len(files) * share) for share in (0.01, 0.012, 0.015)]
    ends.append(ends[-1] + round(len(files) * 0.005))
    for path in files[: ends[0]]:
        _change(path, random)
    for path in files[ends[0] : ends[1]]:
        path.unlink()
    for path in files[ends[1] : ends[2]]:
        path.rename(path.with_name(f"umbenannt-{day}-{path.name}"))
    is_shop = (root / DUMP).exists()
    for number, path in enumerate(files[ends[2] : ends[3]]):
        data = _image(random) if is_shop else random.randbytes(3000)
        _put(path.with_name(f"neu-{day}-{number:05d}.jpg"), data, NEXT_DAY)
    if is_shop:
        _change_dump(root / DUMP, random)
        for path in sorted((root / "mail").iterdir()):
            _add_mails(path, random, path.stat().st_size * 1.03, 10**6, NEXT_DAY)


def _change(path: Path, random: Random) -> None:
    size = max(64, path.stat().st_size + random.randint(-50, 500))
    if path.suffix in (".csv", ".ini"):
        data = path.read_bytes() + b"geaendert;%d\n" % random.randrange(10**9)
    else:
        # It stays what it says it is: a picture that no longer begins like one is asked about.
        head = path.read_bytes()[:16]
        data = head + random.randbytes(size - len(head))
    _put(path, data, NEXT_DAY)


def _change_dump(path: Path, random: Random) -> None:
    size = path.stat().st_size
    start, length = int(size * 0.475), int(size * 0.05)
    new = path.with_suffix(".neu")
    with path.open("rb") as old, new.open("wb") as file:
        left = start
        while left:
            block = old.read(min(left, _BLOCK))
            file.write(block)
            left -= len(block)
        left = length + 65_536
        for block in _dump(random, left, 50_000_000):
            file.write(block[:left])
            left = max(0, left - len(block))
        old.seek(start + length)
        while block := old.read(_BLOCK):
            file.write(block)
    os.utime(new, (NEXT_DAY, NEXT_DAY))
    new.replace(path)
