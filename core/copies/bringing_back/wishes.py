"""What is asked of a restore, and what came of it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.copies.format import percent
from core.copies.format.names import OWN_FOLDER
from core.sources.patterns import translate


@dataclass(slots=True)
class Report:
    """What a restore did. lost: what the target could not take back, and how often."""

    files: int = 0
    folders: int = 0
    links: int = 0
    bytes: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    links_as_text: list[str] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to restore. paths: globs or folders (empty: all); keep_links: outward ones too."""

    paths: tuple[str, ...] = ()
    keep_links: bool = False


def spellings(path: str) -> set[bytes]:
    """The true paths a text may stand for: as a person types it, or in percent text (format §1)."""
    plain = path.strip("/")
    found = {os.fsencode(plain)}
    with contextlib.suppress(ValueError):  # a percent sign that codes nothing: typed as it is
        found.add(percent.decode(plain))
    return found


def selector(paths: Sequence[str]) -> Callable[[bytes], bool]:
    """Whether a true path is asked for: it or a folder above it meets one of the wishes.

    A wish is a pattern, and also the path it spells (a name may hold a `*` or a percent sign).
    """
    if not paths:
        return lambda path: path.partition(b"/")[0] != OWN_FOLDER
    forms: list[bytes] = []
    for path in paths:
        plain = path.strip("/")
        forms.append((b"" if "/" in plain else rb"(?:.*/)?") + translate(plain))
        forms += map(re.escape, spellings(plain))
    return _meeting([rb"(?:" + rb"|".join(forms) + rb")(?:/.*)?"])


def way_to(paths: Sequence[str]) -> Callable[[bytes], bool]:
    """Whether a folder of this true path may lie above what `selector` asks for."""
    forms: list[bytes] = []
    for path in paths:
        plain = path.strip("/")
        if "/" not in plain:
            return lambda _: True  # such a name may lie anywhere
        parts = plain.split("/")
        for count in range(1, len(parts)):
            forms.append(translate("/".join(parts[:count])))
            if "**" in parts[count - 1]:
                forms.append(forms[-1] + rb"/.*")
        for spelt in spellings(plain):
            steps = spelt.split(b"/")
            forms += [re.escape(b"/".join(steps[:count])) for count in range(1, len(steps))]
    return _meeting(forms)


def _meeting(forms: Sequence[bytes]) -> Callable[[bytes], bool]:
    meets = re.compile(rb"|".join(forms), re.DOTALL).fullmatch
    return lambda path: bool(meets(path))
