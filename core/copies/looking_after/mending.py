"""What rots in the paperwork of a copy: noticed before each run, and put right where it can be.

Records, lists and `inhalt` files are compared by their sizes with what the index knows of them: one
listing and a `stat` each. What a size does not show, `verify` finds and leaves here as a suspect.
A record is put back as it was, byte for byte. An `inhalt` is written anew from what the index, or
else the objects themselves, tell. A list cannot be made again: its states are lost, and every run
says so.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterable, Iterator

import msgspec

from core.copies.events import Listener
from core.copies.format.contents import Packing, Part, StoredObject
from core.copies.format.copy_folder import (
    DATA,
    STATES,
    CopyFolder,
    State,
    clean_up_path,
    contents_path,
    list_path,
    record_path,
)
from core.copies.format.documents import Broken, CleanUp, ContentsRef, run_order
from core.copies.format.salvage import objects_lying_in
from core.copies.memory.changed_rows import base_name
from core.copies.memory.rebuild import book_objects
from core.copies.memory.resume import write_contents
from core.errors import KnownError
from core.store.index import ContentsFile, CopyIndex, Place


class _File(msgspec.Struct, frozen=True):
    """A list file as it has to be."""

    name: str
    size: int = msgspec.field(name="groesse")
    sha256: str


class _Facts(msgspec.Struct, frozen=True):
    """The part of a record that names other files."""

    list_name: str = msgspec.field(name="liste")
    list_size: int = msgspec.field(name="liste_groesse")
    list_sha256: str = msgspec.field(name="liste_sha256")
    contents: tuple[ContentsRef, ...] = msgspec.field(name="inhalte")
    base: _File | None = msgspec.field(name="gegen", default=None)

    @property
    def lists(self) -> tuple[_File, ...]:
        """The state's list, and the full one that it is a difference to."""
        own = _File(self.list_name, self.list_size, self.list_sha256)
        return (own,) if self.base is None else (own, self.base)


_REQUESTS = 5  # per run, where looking at a file means asking a server
_facts = msgspec.json.Decoder(_Facts)


def put_records_back(
    copy: CopyFolder, index: CopyIndex, suspects: Iterable[str], listener: Listener
) -> set[str]:
    """Put back every record that is gone or broken and stands in the index; paths of the rest.

    Not where its list or data went with it: then somebody put the copy back to an earlier day, and
    there is nothing that this record could say truly.
    """
    _reconsider(copy, index)
    sizes = copy.folder.sizes(STATES)
    known = index.states()
    doubtful = set(suspects)
    if known:  # the newest is read in any case
        doubtful.add(record_path(max((run for run, *_ in known), key=run_order)))
    lost = set()
    for run, digest, line, pending in known:
        path = record_path(run)
        as_it_was = line + b"\n" + digest.encode() + b"\n"
        if pending or (sizes.get(f"{run}.json") == len(as_it_was) and path not in doubtful):
            continue
        there = _state_at(copy, run)
        if there is not None:
            if there.digest != digest:
                lost.add(path)  # not rot: somebody wrote another one
            continue
        if hashlib.sha256(line).hexdigest() == digest and _may_come_back(copy, line):
            _write_again(copy, path, as_it_was)
            listener.note("record_put_back", run=run)
        else:
            lost.add(path)
    return lost


def put_clean_ups_back(copy: CopyFolder, index: CopyIndex, listener: Listener) -> None:
    """Put back a clean-up record that is gone or broken, unless what it names went with it."""
    for run, text in index.clean_ups().items():
        try:
            copy.clean_up(run)
        except Broken:
            if not text:
                continue
            line = text.encode()
            runs = {ref.run for ref in msgspec.json.decode(line, type=CleanUp).contents}
            if runs <= copy.data_names():
                digest = hashlib.sha256(line).hexdigest().encode()
                _write_again(copy, clean_up_path(run), line + b"\n" + digest + b"\n")
                listener.note("record_put_back", run=run)


def _reconsider(copy: CopyFolder, index: CopyIndex) -> None:
    """A record once found broken may have been put right by hand, or be gone."""
    for run in index.broken_records():
        gone = copy.folder.size(record_path(run)) is None
        if gone or _state_at(copy, run) is not None:
            index.forget_broken_record(run)


def _state_at(copy: CopyFolder, run: str) -> State | None:
    try:
        return copy.state(run)
    except Broken:
        return None


def _may_come_back(copy: CopyFolder, line: bytes) -> bool:
    """Whether the files that the record names are still there."""
    facts = _facts.decode(line)
    data = copy.data_names()
    return all(
        copy.digest_of(list_path(file.name)) == (file.size, file.sha256) for file in facts.lists
    ) and all(ref.run in data for ref in facts.contents)


def _write_again(copy: CopyFolder, path: str, data: bytes) -> None:
    copy.folder.remove(path)
    copy.folder.create(path, data)
    copy.folder.barrier()
    if not copy.reads_back(path, len(data), hashlib.sha256(data).hexdigest()):
        raise copy.folder.reads_back_differently(path)


def look_over(
    copy: CopyFolder, index: CopyIndex, suspects: Iterable[str], listener: Listener
) -> set[str]:
    """Mend `inhalt` files; paths of what is damaged and stays so: lists and broken records."""
    doubtful = set(suspects)
    damaged = _damaged_lists(copy, index, doubtful)
    for path in sorted(damaged):
        listener.note("list_lost", path=path)
    damaged.update(record_path(run) for run in index.broken_records())
    for file in _damaged_contents(copy, index, doubtful):
        _write_contents_anew(copy, index, file, listener)
    return damaged


def _damaged_lists(copy: CopyFolder, index: CopyIndex, doubtful: set[str]) -> set[str]:
    """Lists of known states that are not as they were; none of them is referred to again."""
    sizes = copy.folder.sizes(STATES)
    latest = index.meta("list_of")
    judged: dict[_File, bool] = {}
    for run, _, line, pending in index.states():
        if pending:
            continue
        lists = _facts.decode(line).lists
        for file in lists:
            if file not in judged:
                looks_right = sizes.get(file.name) == file.size
                judged[file] = (looks_right and list_path(file.name) not in doubtful) or (
                    copy.digest_of(list_path(file.name)) == (file.size, file.sha256)
                )
        if run == latest and not all(judged[file] for file in lists):
            index.set_meta("list_of", "")
    damaged = {file.name for file, is_sound in judged.items() if not is_sound}
    if base_name(index) not in {file.name for file in judged} - damaged:
        index.set_base("", anew=True)  # what is lost, or nobody's any more, is nothing to lean on
    return {list_path(name) for name in damaged}


def _damaged_contents(
    copy: CopyFolder, index: CopyIndex, doubtful: set[str]
) -> Iterator[ContentsFile]:
    data = copy.data_names()
    files = index.contents_files()
    if copy.folder.spooled and len(files) > _REQUESTS:
        # Every look is a request there: those in doubt and a few others, other ones each time.
        some = {file.run for file in random.sample(files, _REQUESTS)}
        files = [f for f in files if f.run in some or contents_path(f.run) in doubtful]
    for file in files:
        path = contents_path(file.run)
        if file.run not in data:
            continue  # all of the run is gone: the comparison of names tells
        if copy.folder.size(path) == file.size and path not in doubtful:
            continue
        if copy.digest_of(path) != (file.size, file.sha256):
            yield file


def _write_contents_anew(
    copy: CopyFolder, index: CopyIndex, file: ContentsFile, listener: Listener
) -> None:
    """The `inhalt` of a run, made again from the index; the next record names it.

    An index that was itself made from the copy after the damage knows nothing of the run. Then its
    objects are read, each of which is a content, as are the members of its ZIP files.
    """
    number = index.run_id(file.run)
    known = _known_objects(copy, index, file.run, number)
    first = next(known, None)
    objects: Iterable[StoredObject] = itertools.chain([first], known) if first else ()
    if first is None:
        copy.folder.fetch_all(f"{DATA}/{file.run}")
        objects = list(objects_lying_in(copy.folder.place(f"{DATA}/{file.run}")))
        book_objects(index, objects, number)
    write_contents(copy, index, file.run, objects)
    listener.note("contents_written_anew", run=file.run)


def _known_objects(
    copy: CopyFolder, index: CopyIndex, run: str, number: int
) -> Iterator[StoredObject]:
    """What the index places in a run, object by object, as far as it is there in its size."""
    rows = itertools.groupby(index.contents_of(number), key=lambda row: row[1].path)
    for path, group in rows:
        contents = list(group)
        full = f"{DATA}/{run}/{path}"
        size = copy.folder.size(full)
        if size is None:
            continue
        own = [sha for sha, at in contents if at.offset == 0 and at.stored == at.size == size]
        whole = own[0] if own else _sha_of(copy, full)
        if whole is None:
            continue
        parts = tuple(
            Part(sha, at.offset, at.stored, at.size, _packing(at), at.member)
            for sha, at in contents
            if sha != whole and at.offset + at.stored <= size
        )
        yield StoredObject(path, size, whole, parts)


def _sha_of(copy: CopyFolder, path: str) -> bytes | None:
    """Of an object whose content as a whole the index places elsewhere."""
    try:
        found = copy.digest_of(path)
    except KnownError:
        return None
    return bytes.fromhex(found[1]) if found else None


def _packing(place: Place) -> Packing:
    return "deflate" if place.packing == "deflate" else "roh"
