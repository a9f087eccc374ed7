"""What is asked of a restore, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.copies.rebuild import OWN_FOLDER
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


def selector(paths: Sequence[str]) -> Callable[[bytes], bool]:
    """Whether a true path is asked for: it or a folder above it meets one of the globs."""
    if not paths:
        return lambda path: path.partition(b"/")[0] != OWN_FOLDER
    deep = [p.strip("/") for p in paths if "/" in p.strip("/")]
    flat = [p.strip("/") for p in paths if "/" not in p.strip("/")]
    forms = [translate(p) for p in deep] + [rb"(?:.*/)?" + translate(p) for p in flat]
    meets = re.compile(rb"(?:" + rb"|".join(forms) + rb")(?:/.*)?", re.DOTALL).fullmatch
    return lambda path: bool(meets(path))
