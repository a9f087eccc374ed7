"""What `search` and `snapshots` tell, as values for the restore wizard. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from core.clock import parse_stamp
from core.texts import Texts
from core.texts.formats import count, date_time, short_date, size
from gui.jobs.port import Fields


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of a file. run: what `--at` is given; moment: when the file was changed last."""

    run: str
    began: datetime
    first: datetime
    bytes: int
    moment: datetime
    is_suspect: bool


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """A file or folder that was found; versions oldest first."""

    path: str
    raw: str
    is_folder: bool
    is_gone: bool
    versions: tuple[FileVersion, ...]

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """Where it lay, as people read a path."""
        return " › ".join(self.path.split("/")[:-1])

    @property
    def suggested(self) -> int:
        """The version most likely meant: the newest that is not suspect."""
        good = [n for n, one in enumerate(self.versions) if not one.is_suspect]
        return (good or [len(self.versions) - 1])[-1]


@dataclass(frozen=True, slots=True)
class StateEntry:
    """One state of a system at a copy."""

    run: str
    moment: datetime
    files: int
    bytes: int
    is_complete: bool
    is_suspect: bool


def found_entry(fields: Fields) -> FoundEntry | None:
    """One line of `search`; None when it is none."""
    versions = fields.get("versions")
    if not isinstance(versions, list) or not versions:
        return None
    made = tuple(_version(one) for one in reversed(versions) if isinstance(one, dict))
    return FoundEntry(
        str(fields.get("path", "")),
        str(fields.get("raw", "")),
        fields.get("kind") == "folder",
        bool(fields.get("gone")),
        made,
    )


def _version(one: Fields) -> FileVersion:
    return FileVersion(
        str(one.get("run", "")),
        parse_stamp(str(one.get("began"))),
        parse_stamp(str(one.get("first"))),
        _number(one, "bytes"),
        datetime.fromtimestamp(_number(one, "mtime_ns") / 1e9, UTC),
        bool(one.get("suspect")),
    )


def state_entry(fields: Fields) -> StateEntry | None:
    """One line of `snapshots`; None when it is none."""
    if "committed_at" not in fields:
        return None
    return StateEntry(
        str(fields.get("run", "")),
        parse_stamp(str(fields["committed_at"])),
        _number(fields, "files"),
        _number(fields, "bytes"),
        bool(fields.get("complete")),
        bool(fields.get("suspect")),
    )


def _number(fields: Fields, name: str) -> int:
    value = fields.get(name)
    return value if isinstance(value, int) else 0


def entry_notes(entry: FoundEntry, texts: Texts, now: datetime) -> str:
    """The last line of a hit: how many versions, since when it is gone."""
    if entry.is_folder:
        words = texts.t("Ordner")
    else:
        words = texts.n("eine Fassung", "{n} Fassungen", len(entry.versions))
    if entry.is_gone:
        last = short_date(entry.versions[-1].began, texts.lang, now=now).partition(", ")[2]
        words += " · " + texts.t("gelöscht nach {date}", date=last)
    return words


def version_title(version: FileVersion, texts: Texts) -> str:
    """When this version was saved, in full."""
    return date_time(version.moment, texts.lang)


def version_notes(entry: FoundEntry, at: int, texts: Texts) -> str:
    """What there is to say of a version."""
    version = entry.versions[at]
    notes = [] if entry.is_folder else [size(version.bytes, texts.lang)]
    if version.is_suspect:
        notes.append(texts.t("verdächtig: entstand, als ungewöhnlich viel verändert war"))
    elif entry.is_gone and at == len(entry.versions) - 1:
        notes.append(texts.t("letzte Fassung vor dem Löschen"))
    elif at == len(entry.versions) - 1:
        notes.append(texts.t("neueste Fassung"))
    return " · ".join(notes)


def state_notes(state: StateEntry, texts: Texts) -> str:
    """What there is to say of a state."""
    notes = [
        texts.n("eine Datei", "{n} Dateien", state.files),
        size(state.bytes, texts.lang),
    ]
    if not state.is_complete:
        notes.append(texts.t("unvollständig"))
    if state.is_suspect:
        notes.append(texts.t("verdächtig"))
    return " · ".join(notes)


def amount(files: int, size_bytes: int, texts: Texts) -> str:
    """`12 Dateien, 3,4 MB`."""
    files_said = texts.n("eine Datei", "{n} Dateien", files)
    return f"{files_said}, {size(size_bytes, texts.lang)}" if files else count(files, texts.lang)
