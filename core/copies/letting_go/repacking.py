"""What is still needed of half dead objects, packed anew into the folder of the clean-up.

Only bytes whose sha256 was checked on the way are moved, and the new bundles are read back from the
medium before the old ones go. An object of which anything needed is damaged stays where it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.copies.backing_up.packing import Packer
from core.copies.bringing_back.places import Source, read_source
from core.copies.bringing_back.writing_back import MAX_PACKED
from core.copies.format.contents import REPACKED, Part, StoredObject
from core.copies.format.copy_folder import DATA, CopyFolder
from core.copies.letting_go.needs import Needs
from core.copies.letting_go.survey import HalfDead
from core.errors import Code, KnownError


@dataclass(slots=True)
class Repacked:
    """New bundles, and the objects that are not needed any more because of them: (run, path)."""

    objects: tuple[StoredObject, ...] = ()
    moved: set[tuple[str, str]] = field(default_factory=set)


def repack(
    copy: CopyFolder, run: str, half_dead: Sequence[HalfDead], needs: Needs,
    go_on: Callable[[], None],
) -> Repacked:  # fmt: skip
    """Write the needed parts of these objects to bundles of `run`, on the medium and read back."""
    folder = copy.folder
    done = Repacked()
    if not half_dead:
        return done
    packer = Packer(
        folder, folder.place(f"{DATA}/{run}"), lambda n: f"{REPACKED}/buendel-{n:06d}.zip"
    )
    packed: set[bytes] = set()
    for one in half_dead:
        go_on()
        wanted = [part for part in one.stored.parts if needs.holds(part.sha256)]
        if not _all_sound(copy, one.path, wanted):
            continue
        for number, part in enumerate(wanted, start=1):
            go_on()
            data = None if part.sha256 in packed else _read(copy, one.path, part)
            if data is None and part.sha256 not in packed:
                raise KnownError(Code.COPY_DAMAGED, path=str(folder.shown), what=one.path)
            if data is not None:
                packed.add(part.sha256)
                packer.add(_member(one.stored, part, number), part.sha256, data)
        done.moved.add((one.run, one.stored.path))
        folder.forget_fetched()
    done.objects = packer.finish()
    folder.note_written(packer.folders)
    folder.ship(f"{DATA}/{run}/{stored.path}" for stored in done.objects)
    folder.barrier()
    for stored in done.objects:
        path = f"{DATA}/{run}/{stored.path}"
        if not copy.reads_back(path, stored.size, stored.sha256.hex()):
            raise folder.reads_back_differently(path)
    folder.forget_fetched()
    return done


def _all_sound(copy: CopyFolder, path: str, wanted: Sequence[Part]) -> bool:
    """Whether every needed part can be read and is what it should be."""
    copy.folder.fetch([path])
    return all(_read(copy, path, part) is not None for part in wanted)


def _read(copy: CopyFolder, path: str, part: Part) -> bytes | None:
    source = Source(path, part.offset, part.stored, part.size, part.packing)
    data = read_source(copy, source, MAX_PACKED)
    return data if data is not None and hashlib.sha256(data).digest() == part.sha256 else None


def _member(stored: StoredObject, part: Part, number: int) -> str:
    """A name people can read: the member's own, or that of the file a part was in."""
    return part.member or f"{stored.path}.teil-{number:06d}"
