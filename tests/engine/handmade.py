"""A tiny writer of the copy format, made from docs/format.md alone; it imports nothing of `core`.

`build_copy` makes one small copy with every kind of row and says what each of its states must give
back. `Maker` and `Run` are its parts, for tests that need another copy, a damaged or a hostile one:
they write whatever rows they are given, with digests that fit.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.support.trees import Snapshot, hostile_tree, snapshot

HELP = Path(__file__).resolve().parents[2] / "resources" / "copy"
VAULT = "0123456789abcdef0123456789abcdef"
WRITER = "00112233445566ff"
SECOND = 1_000_000_000
NEW_YEAR = 1_735_689_600 * SECOND  # 2025-01-01


@dataclass(frozen=True)
class HandmadeState:
    """A state as a reader must see it."""

    run: str
    number: int
    complete: bool
    tree: Snapshot  # without extended attributes: `zurueckholen.sh` does not set them
    skipped: Mapping[str, str]  # path as percent text → why


@dataclass(frozen=True)
class HandmadeCopy:
    """A copy with a list of what must come out of it."""

    folder: Path  # <root>/<system>
    states: tuple[HandmadeState, ...]
    interrupted: tuple[str, ...]  # runs without a record; the first was adopted by a later one

    def state(self, number: int) -> HandmadeState:
        """Return the state of this number."""
        return next(state for state in self.states if state.number == number)


def percent(raw: bytes) -> str:
    """Percent text (§1) of a path, a name or a link target."""
    text = []
    for character in raw.decode("utf-8", "surrogateescape"):
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            text.append(f"%{code - 0xDC00:02X}")
        elif code < 0x20 or code == 0x7F or character in '%"\\':
            text.append(f"%{code:02X}")
        else:
            text.append(character)
    return "".join(text)


def sha256(data: bytes) -> str:
    """Return the lower-case hex digest."""
    return hashlib.sha256(data).hexdigest()


def with_checksum(name: str, text: bytes) -> bytes:
    """A help file as format §1 wants it: its last line tells what all before it has to be."""
    end = b"\r\n" if text.endswith(b"\r\n") else b"\n"
    return text + f"# {name} sha256 {sha256(text)}".encode() + end


def two_lines(facts: Mapping[str, object]) -> bytes:
    """One JSON line and one line with its sha256 (§2)."""
    line = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
    return line + b"\n" + sha256(line).encode() + b"\n"


def row(kind: str, **fields: str | int | bool | dict[str, str]) -> str:
    """One line of a list; text must be percent text already."""
    return json.dumps({"art": kind, **fields}, ensure_ascii=False, separators=(",", ":"))


class Maker:
    """Writes one copy, run by run; `leans`: lists are differences to the first one."""

    def __init__(self, folder: Path, system: str = "laden", *, leans: bool = False) -> None:
        """Make the folder of a new copy."""
        self.leans = leans
        self.full: tuple[list[str], dict[str, object]] | None = None
        self.folder = folder
        self.system = system
        self.digests: list[tuple[str, str]] = []  # of all states so far
        (folder / "staende").mkdir(parents=True)
        (folder / "daten").mkdir()
        (folder / "schreiber").mkdir()
        name = {"system": system, "system_name": "Laden-PC", "angelegt": "2026-11-21"}
        readme = (HELP / "LIESMICH.txt").read_bytes().decode().format(**name)
        (folder / "LIESMICH.txt").write_bytes(with_checksum("LIESMICH.txt", readme.encode()))
        for script in ("zurueckholen.sh", "zurueckholen.ps1"):
            (folder / script).write_bytes(with_checksum(script, (HELP / script).read_bytes()))
        facts = {"format": 1, "art": "tresor", "tresor": VAULT, "system": system}
        facts |= {"name": "Laden-PC", "ziel": "platte", "layout": "tree"}
        vault = two_lines(facts | {"angelegt": "2026-11-21T03:00:00Z"})
        (folder / "tresor.json").write_bytes(vault)
        writer = {"format": 1, "art": "schreiber", "nummer": 1, "schreiber": WRITER}
        writer |= {"rechner": "LADEN-PC", "seit": "2026-11-21T03:00:00Z"}
        (folder / "schreiber" / f"0001-{WRITER}.json").write_bytes(two_lines(writer))

    def run(self, number: int) -> Run:
        """Begin a run."""
        return Run(self, number, f"{number:06d}-202611{number:02d}T030000Z-k7f{number % 8 + 2}")


@dataclass(frozen=True)
class Part:
    """A content inside an object: a T row."""

    sha256: str
    offset: int
    stored: int
    size: int
    packing: str = "roh"
    member: str = ""


@dataclass
class Run:
    """One run being written: objects, then `inhalt`, then a list, then the record."""

    maker: Maker
    number: int
    name: str
    rows: list[str] = field(default_factory=list)  # of inhalt.tsv

    @property
    def data(self) -> Path:
        """Return `daten/<lauf>`."""
        return self.maker.folder / "daten" / self.name

    def store(self, stored: str, data: bytes, parts: Iterable[Part] = ()) -> str:
        """Write an object and its rows; return its sha256."""
        path = self.data / stored
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
        self.rows.append(f"O\t{len(data)}\t{sha256(data)}\t{stored}")
        for part in parts:
            numbers = f"{part.offset}\t{part.stored}\t{part.size}"
            self.rows.append(f"T\t{part.sha256}\t{numbers}\t{part.packing}\t{part.member}")
        return sha256(data)

    def store_zip(self, stored: str, members: Sequence[tuple[str, bytes, int]]) -> str:
        """Write a ZIP of (name, data, method) with a T row for each member."""
        path = self.data / stored
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "x") as archive:
            for name, data, method in members:
                archive.writestr(zipfile.ZipInfo(name, (2026, 11, 21, 3, 0, 0)), data, method)
            infos = archive.infolist()
        blob = path.read_bytes()
        path.unlink()
        parts = []
        for info, (name, data, method) in zip(infos, members, strict=True):
            flags, name_length, extra_length = struct.unpack_from(
                "<6xH18xHH", blob, info.header_offset
            )
            assert not flags & 8, "a data descriptor"
            offset = info.header_offset + 30 + name_length + extra_length
            packing = "deflate" if method == zipfile.ZIP_DEFLATED else "roh"
            parts.append(Part(sha256(data), offset, info.compress_size, len(data), packing, name))
        return self.store(stored, blob, parts)

    def write_inhalt(self) -> dict[str, object]:
        """Write `inhalt.tsv.gz`; return its entry in the record."""
        lines = [f"#inhalt\t1\t{self.name}", *self.rows]
        packed = gzip.compress("".join(line + "\n" for line in lines).encode(), mtime=0)
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "inhalt.tsv.gz").write_bytes(packed)
        facts: dict[str, object] = {"lauf": self.name, "groesse": len(packed)}
        return facts | {"sha256": sha256(packed), "zeilen": len(self.rows)}

    def header(self, base: str | None = None) -> str:
        """Return the first line of a list, or of a difference to `base`."""
        folders = {"shop": "/data/shop"}
        first = {"art": "liste", "format": 1, "system": self.maker.system, "lauf": self.name}
        first |= {"ordner": folders, "besitzer": "anna", "gruppe": "anna"}
        first |= {} if base is None else {"gegen": base}
        return json.dumps(first, ensure_ascii=False, separators=(",", ":"))

    def write_list(
        self,
        rows: Sequence[str],
        *,
        members: int = 1,
        base: Mapping[str, object] | None = None,
        header: str | None = None,
    ) -> dict[str, object]:
        """Write the list as this many gzip members; return the record's facts about it.

        With `base` (the facts of a full list) it is a difference to that one.
        """
        against = None if base is None else str(base["liste"])
        first = header or self.header(against)
        lines = [(line + "\n").encode() for line in (first, *rows)]
        cuts = [len(lines) * number // members for number in range(members + 1)]
        blocks = [b"".join(lines[start:end]) for start, end in pairwise(cuts)]
        packed = b"".join(gzip.compress(block, mtime=0) for block in blocks)
        name = f"{self.name}.liste.gz"
        (self.maker.folder / "staende" / name).write_bytes(packed)
        facts: dict[str, object] = {"liste": name, "liste_groesse": len(packed)}
        facts |= {"liste_sha256": sha256(packed), "liste_zeilen": len(lines)}
        facts |= {"liste_entpackt": sum(map(len, lines))}
        return facts if base is None else facts | {"gegen": reference_to(base)}

    def commit(
        self,
        list_facts: Mapping[str, object],
        inhalte: Sequence[Mapping[str, object]],
        *,
        complete: bool = True,
        files: int = 1,
        skipped: int = 0,
    ) -> None:
        """Write the record (§4)."""
        maker = self.maker
        day = f"2026-11-{self.number:02d}"
        facts: dict[str, object] = {"format": 1, "art": "stand", "tresor": VAULT}
        facts |= {"system": maker.system, "lauf": self.name, "schreiber": WRITER}
        facts |= {"beginn": f"{day}T03:00:00Z", "ende": f"{day}T03:05:00Z"}
        facts |= {"ortszeit": f"{day}T04:00:00+01:00", "vollstaendig": complete, "dateien": files}
        facts |= {"ordner": 1, "bytes": 1, "neu_objekte": len(self.rows), "neu_bytes": 1}
        own = {key: value for key, value in list_facts.items() if key != "gegen"}
        facts |= {"ausgelassen": skipped, **own, "inhalte": list(inhalte)}
        facts |= {"vorher": maker.digests[-1][1] if maker.digests else ""}
        facts |= {"staende": [list(pair) for pair in maker.digests]}
        last = {"gegen": list_facts["gegen"]} if "gegen" in list_facts else {}
        record = two_lines(facts | last)
        (maker.folder / "staende" / f"{self.name}.json").write_bytes(record)
        maker.digests.append((self.name, record.splitlines()[1].decode()))


def reference_to(facts: Mapping[str, object]) -> dict[str, object]:
    """What the record of a difference says of the full list (§4)."""
    names = {"name": "liste", "groesse": "liste_groesse", "sha256": "liste_sha256"}
    names |= {"zeilen": "liste_zeilen", "entpackt": "liste_entpackt"}
    return {ours: facts[theirs] for ours, theirs in names.items()}


# ------------------------------------------------------------------------------ rows of real trees


class Lister:
    """Turns a tree on this disk into list rows and stores what is not stored yet.

    Attributes:
        known: contents that some `inhalt` named by a record has, or will have.
        parts: files that are listed in parts: path → (sha256, size) of each.
        extra: optional fields of a file's row.
    """

    def __init__(self, source: Path) -> None:
        """List everything below `source`; its top folders are the short names."""
        self.source = source
        self.known: set[str] = set()
        self.parts: dict[bytes, list[tuple[str, int]]] = {}
        self.extra: dict[bytes, dict[str, str | int | bool | dict[str, str]]] = {}

    def rows(self, run: Run) -> list[str]:
        """Return the rows of the whole tree; store what is new in this run."""
        result: list[str] = []
        inodes: dict[tuple[int, int], str] = {}
        for key in snapshot(self.source):  # sorted by bytes, folders before what is in them
            path = os.path.join(os.fsencode(self.source), key)
            status = os.lstat(path)
            name, mode = percent(key), f"{stat.S_IMODE(status.st_mode):04o}"
            if stat.S_ISDIR(status.st_mode):
                result.append(row("ordner", pfad=name, zeit=status.st_mtime_ns, modus=mode))
            elif stat.S_ISLNK(status.st_mode):
                target = percent(os.readlink(path))
                facts = {"pfad": name, "ziel": target}
                result.append(row("verweis", **facts, zeit=status.st_mtime_ns, modus="0777"))
            else:
                if status.st_nlink > 1:
                    inode = (status.st_dev, status.st_ino)
                    group = inodes.setdefault(inode, f"h{len(inodes)}")
                    self.extra.setdefault(key, {})["hartlink"] = group
                result += self._file_rows(run, key, status)
        return result

    def _file_rows(self, run: Run, key: bytes, status: os.stat_result) -> list[str]:
        with open(os.path.join(os.fsencode(self.source), key), "rb") as file:
            data = file.read()
        digest = sha256(data)
        parts = self.parts.get(key, [])
        if data and not parts and digest not in self.known:
            run.store(stored_name(key), data)
            self.known.add(digest)
        facts: dict[str, str | int | bool | dict[str, str]] = {
            "pfad": percent(key),
            "groesse": len(data),
            "zeit": status.st_mtime_ns,
            "modus": f"{stat.S_IMODE(status.st_mode):04o}",
            "sha256": digest,
            "lauf": run.name,
        }
        if parts:
            facts["teile"] = len(parts)
        rows = [row("datei", **facts, **self.extra.get(key, {}))]
        for part, size in parts:
            rows.append(row("teil", sha256=part, groesse=size, lauf=run.name))
        return rows


def stored_name(key: bytes) -> str:
    """Make a stored name in the spirit of §7: the true one where it is harmless, else `lang/`."""
    text = key.decode("ascii", "replace")
    if len(text) < 200 and all(part.isidentifier() for part in text.replace(".", "_").split("/")):
        return text
    return f"lang/{sha256(key)[:32]}"


# ------------------------------------------------------------------------------ the sample copy


def build_small_copy(path: Path) -> HandmadeCopy:
    """Make `path/laden` with two states of a dozen entries; quick, for tests that damage it."""
    lister = Lister(path / "quelle")
    shop = lister.source / "shop"
    shop.mkdir(parents=True)
    (shop / "Büro").mkdir()
    (shop / "Büro" / "preise.csv").write_text("10 €\n", "utf-8")
    (shop / "bestand.txt").write_text("1\n", "utf-8")
    (shop / "bleibt.txt").write_text("ändert sich nie\n", "utf-8")
    (shop / "leer.txt").touch()
    (shop / "leer").mkdir()
    (shop / "shop.sql").write_bytes(_large(1))
    maker = Maker(path / "laden")
    first = maker.run(1)
    _store_large(first, lister)
    states = [commit_tree(first, lister)]
    second = maker.run(2)
    (shop / "bestand.txt").write_text("2\n", "utf-8")
    _change_large(second, lister)
    states.append(commit_tree(second, lister))
    shutil.rmtree(lister.source)
    return HandmadeCopy(maker.folder, tuple(states), ())


def build_copy(path: Path, *, leans: bool = False) -> HandmadeCopy:
    """Make `path/laden`, a copy with five states and two interrupted runs; see the comments."""
    source = path / "quelle"
    maker = Maker(path / "laden", leans=leans)
    lister = Lister(source)
    shop = source / "shop"
    hostile_tree(shop)
    _first_day(source, lister)
    states = [_first_state(maker, lister)]
    states += _second_and_third_state(maker, lister)
    interrupted, adopted = _interrupted_run(maker, lister, 4)
    states.append(_partial_state(maker, lister, interrupted, adopted))
    states.append(_healed_state(maker, lister))
    left_alone, _ = _interrupted_run(maker, lister, 7)
    shutil.rmtree(source)
    return HandmadeCopy(maker.folder, tuple(states), (interrupted.name, left_alone.name))


def _state(run: Run, source: Path, *, complete: bool = True) -> HandmadeState:
    skipped = {"shop/gesperrt.pst": "gesperrt", "shop/zeile%0Aumbruch": "keine_rechte"}
    tree = {
        key: type(entry)(
            entry.kind, entry.size, entry.sha256, entry.mtime_ns, entry.mode, entry.target, (),
            entry.group,
        )
        for key, entry in snapshot(source).items()
    }  # fmt: skip
    return HandmadeState(run.name, run.number, complete, tree, skipped if complete else {})


def _large(seed: int, size: int = 300_000) -> bytes:
    block = b"".join(hashlib.sha256(f"{seed} {number}".encode()).digest() for number in range(999))
    return (block * (size // len(block) + 1))[:size]


def _first_day(source: Path, lister: Lister) -> None:
    shop = source / "shop"
    (source / "ladentresor").mkdir()
    (source / "ladentresor" / "plan.toml").write_text('format = 1\nname = "Büro"\n', "utf-8")
    (shop / "Büro").mkdir()
    (shop / "Büro" / "preise.csv").write_text("10 €\n", "utf-8")
    (shop / "Büro" / "umbenannt-vorher.txt").write_text("heißt morgen anders\n", "utf-8")
    (shop / "wechsel").write_text("heute Datei, morgen Ordner\n", "utf-8")
    (shop / "geloescht.txt").write_text("morgen nicht mehr da\n", "utf-8")
    (shop / "nur-im-umgepackten.txt").write_text("sein erstes Objekt ist weg\n", "utf-8")
    (shop / "geheilt.txt").write_text("sein erstes Objekt ist beschädigt\n", "utf-8")
    (shop / "im-zip.txt").write_text("liegt als Glied in einem ZIP\n" * 50, "utf-8")
    every_byte = bytes(code for code in range(1, 256) if code != ord("/"))
    for name in (every_byte, b"\n\n", b"x\n\n", b"\x81\x82\x88", b"Preise [2026]*.csv"):
        with open(os.path.join(os.fsencode(shop), name), "wb") as file:
            file.write(b"Name: " + name)
    sticky = shop / "klebrig"
    sticky.mkdir()
    sticky.chmod(0o1777)
    (shop / "nur lesen").mkdir()
    (shop / "nur lesen" / "x").write_bytes(b"x")
    (shop / "nur lesen").chmod(0o555)
    (shop / "shop.sql").write_bytes(_large(1))
    for number, entry in enumerate((shop / "shop.sql", shop / "Büro", shop)):
        os.utime(entry, ns=(0, NEW_YEAR + number * SECOND + 123_456_789))
    key = b"shop/B\xc3\xbcro/preise.csv"
    lister.extra[key] = {"besitzer": "kasse%0A", "veraendert": True, "duenn": True}
    lister.extra[key] |= {"xattr": {"user.zeit": "Zm9v"}, "dos": 33, "erstellt": NEW_YEAR}


def _cut(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    return [data[start:end] for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True)]


def _facts(data: Sequence[bytes]) -> list[tuple[str, int]]:
    return [(sha256(part), len(part)) for part in data]


CUTS = (70_000, 150_001, 150_002)


def _store_large(run: Run, lister: Lister) -> None:
    """Store shop.sql whole, its parts as T rows inside it."""
    large = (lister.source / "shop" / "shop.sql").read_bytes()
    parts, at = [], 0
    for part in _cut(large, CUTS):
        parts.append(Part(sha256(part), at, len(part), len(part)))
        at += len(part)
    lister.parts[b"shop/shop.sql"] = _facts(_cut(large, CUTS))
    run.store("shop/shop.sql", large, parts)


def _change_large(run: Run, lister: Lister) -> None:
    """Change shop.sql; what is new in it goes into a ZIP."""
    path = lister.source / "shop" / "shop.sql"
    old = _cut(path.read_bytes(), CUTS)
    new = [_large(2, 50_000), old[0], b"ungepackt" * 9, old[3], _large(3, 1000), old[1]]
    path.write_bytes(b"".join(new))
    os.utime(path, ns=(0, NEW_YEAR + 7))
    run.store_zip(
        "teile/0001.zip",
        [
            ("shop.sql.teil-000000", new[0], zipfile.ZIP_DEFLATED),
            ("shop [ä].sql.teil-000002", new[2], zipfile.ZIP_STORED),
            ("shop.sql.teil-000004", new[4], zipfile.ZIP_DEFLATED),
        ],
    )
    lister.parts[b"shop/shop.sql"] = _facts(new)


def _first_state(maker: Maker, lister: Lister) -> HandmadeState:
    """Everything is new; three gzip members; one content is only a member of a ZIP."""
    run = maker.run(1)
    _store_large(run, lister)
    zipped = (lister.source / "shop" / "im-zip.txt").read_bytes()
    run.store_zip("buendel.zip", [("shop/im-zip.txt", zipped, zipfile.ZIP_DEFLATED)])
    lister.known.add(sha256(zipped))
    # One empty content has an object, others have none: a reader must need neither.
    run.store("shop/leer.bin", b"")
    return commit_tree(run, lister, members=3)


def _second_and_third_state(maker: Maker, lister: Lister) -> list[HandmadeState]:
    """The next day, then a run that finds nothing changed and names the list of the second."""
    shop = lister.source / "shop"
    run = maker.run(2)
    (shop / "Büro" / "preise.csv").write_text("99 €\n", "utf-8")
    (shop / "Büro" / "umbenannt-vorher.txt").rename(shop / "Büro" / "umbenannt-jetzt.txt")
    (shop / "geloescht.txt").unlink()
    (shop / "wechsel").unlink()
    (shop / "wechsel").mkdir()
    (shop / "wechsel" / "darin").write_text("neu\n", "utf-8")
    _change_large(run, lister)
    skipped = [
        row("ausgelassen", pfad="shop/gesperrt.pst", grund="gesperrt"),
        row("ausgelassen", pfad="shop/zeile%0Aumbruch", grund="keine_rechte"),
    ]
    second = commit_tree(run, lister, skipped)
    third = maker.run(3)
    record = json.loads(
        (maker.folder / "staende" / f"{run.name}.json").read_bytes().split(b"\n")[0]
    )
    facts = {key: record[key] for key in record if key.startswith("liste") or key == "gegen"}
    third.commit(facts, [], files=record["dateien"], skipped=2)
    return [second, _state(third, lister.source)]


def _interrupted_run(maker: Maker, lister: Lister, number: int) -> tuple[Run, dict[str, object]]:
    """Objects and `inhalt`, no record."""
    run = maker.run(number)
    file = lister.source / "shop" / f"neu-{number}.txt"
    file.write_text(f"aus dem abgebrochenen Lauf {number}\n", "utf-8")
    run.store(f"shop/neu-{number}.txt", file.read_bytes())
    return run, run.write_inhalt()


def _partial_state(
    maker: Maker, lister: Lister, interrupted: Run, adopted: dict[str, object]
) -> HandmadeState:
    """A partial state: adopts what was interrupted, sets prices back, holds less."""
    shop = lister.source / "shop"
    lister.known.add(sha256((shop / f"neu-{interrupted.number}.txt").read_bytes()))
    (shop / "Büro" / "preise.csv").write_text("10 €\n", "utf-8")
    (shop / "eigenes.txt").write_text("aus diesem Lauf selbst\n", "utf-8")
    away = lister.source.parent / "noch-nicht-dran"
    (shop / "namen").rename(away)
    state = commit_tree(maker.run(5), lister, complete=False, adopted=[adopted])
    away.rename(shop / "namen")
    return state


def _healed_state(maker: Maker, lister: Lister) -> HandmadeState:
    """Contents are stored again in `umgepackt/`; their first objects are gone or damaged."""
    shop = lister.source / "shop"
    run = maker.run(6)
    gone = (shop / "nur-im-umgepackten.txt").read_bytes()
    run.store_zip("umgepackt/0001.zip", [("a [1].txt", gone, zipfile.ZIP_STORED)])
    healed = (shop / "geheilt.txt").read_bytes()
    run.store("umgepackt/geheilt.txt", healed)
    state = commit_tree(run, lister)
    first = maker.folder / "daten" / maker.digests[0][0]
    (first / stored_name(b"shop/nur-im-umgepackten.txt")).unlink()
    damaged = first / stored_name(b"shop/geheilt.txt")
    damaged.write_bytes(healed[:5] + b"X" + healed[6:])
    return state


def write_list_of(run: Run, rows: list[str], members: int) -> dict[str, object]:
    """Write these rows as a full list, or as a difference to the first of a copy that leans."""
    if run.maker.full is not None:
        full, base = run.maker.full
        return run.write_list(difference(full, rows), members=members, base=base)
    facts = run.write_list(rows, members=members)
    if run.maker.leans:
        run.maker.full = (rows, facts)
    return facts


def difference(full: Sequence[str], now: Sequence[str]) -> list[str]:
    """The rows of `now` by path where they differ from `full`, and what is gone."""
    before, after = by_path(full), by_path(now)
    rows = [line for path, lines in after.items() if before.get(path) != lines for line in lines]
    return rows + [row("weg", pfad=path) for path in before if path not in after]


def by_path(rows: Sequence[str]) -> dict[str, list[str]]:
    """Path → the lines of its entry, those of its parts too."""
    found: dict[str, list[str]] = {}
    path = ""
    for line in rows:
        path = json.loads(line).get("pfad", path)
        found.setdefault(path, []).append(line)
    return found


def commit_tree(
    run: Run,
    lister: Lister,
    more_rows: Sequence[str] = (),
    *,
    complete: bool = True,
    adopted: Sequence[Mapping[str, object]] = (),
    members: int = 1,
) -> HandmadeState:
    """Store the tree as it is now in this run, write list and record, and say what they hold."""
    rows = lister.rows(run) + list(more_rows)
    files = sum('"art":"datei"' in line for line in rows)
    inhalte = [*adopted, run.write_inhalt()] if run.rows else list(adopted)
    facts = write_list_of(run, rows, members)
    run.commit(facts, inhalte, complete=complete, files=files, skipped=len(more_rows))
    state = _state(run, lister.source, complete=complete)
    return state if more_rows else HandmadeState(state.run, state.number, complete, state.tree, {})
