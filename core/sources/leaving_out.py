"""What each exclude pattern would leave out of a source folder as it is now."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.errors import Code, KnownError
from core.sources.patterns import Rules, compile_rules

EXAMPLES = 3


@dataclass(slots=True)
class LeftOut:
    """What one pattern meets: how many files, their size in bytes, the first few paths."""

    pattern: str
    files: int = 0
    size: int = 0
    examples: list[bytes] = field(default_factory=list)


def weigh_patterns(
    folders: Sequence[bytes], patterns: Sequence[str], cancelled: Callable[[], bool]
) -> list[LeftOut]:
    """What these patterns leave out of the folders, one answer each in their order.

    A file that two patterns meet counts for both. What cannot be read is passed over. KnownError
    CANCELLED.
    """
    found = [LeftOut(pattern) for pattern in patterns]
    single = [compile_rules((), (pattern,), default_excludes=False) for pattern in patterns]
    together = compile_rules((), tuple(patterns), default_excludes=False)
    for folder in folders:
        _walk(folder, found, single, together, cancelled)
    return found


def _walk(
    root: bytes,
    found: list[LeftOut],
    single: Sequence[Rules],
    together: Rules,
    cancelled: Callable[[], bool],
) -> None:
    waiting: list[tuple[bytes, bytes, frozenset[int]]] = [(root, b"", frozenset())]
    while waiting:
        if cancelled():
            raise KnownError(Code.CANCELLED)
        place, inside, above = waiting.pop()
        try:
            entries = list(os.scandir(place))
        except OSError:
            continue
        for entry in sorted(entries, key=lambda one: one.name):
            path = inside + b"/" + entry.name if inside else entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            own = _met_by(entry.name, path, single, together, is_folder=is_folder)
            for number in own - above:
                if len(found[number].examples) < EXAMPLES:
                    found[number].examples.append(path + (b"/" if is_folder else b""))
            met = above | own
            if is_folder:
                waiting.append((entry.path, path, met))
            elif met:
                size = _size(entry)
                for number in met:
                    found[number].files += 1
                    found[number].size += size


def _met_by(
    name: bytes, path: bytes, single: Sequence[Rules], together: Rules, *, is_folder: bool
) -> frozenset[int]:
    takes = Rules.takes_folder if is_folder else Rules.takes_file
    if takes(together, name, path):
        return frozenset()
    return frozenset(n for n, rules in enumerate(single) if not takes(rules, name, path))


def _size(entry: os.DirEntry[bytes]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
