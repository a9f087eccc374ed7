"""What a person chose about the window itself: language, colours, size of text, place.

A small file beside the plan; whatever cannot be read in it is forgotten, never an error.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import msgspec

from core import own_files
from core.errors import KnownError

Theme = Literal["system", "light", "dark"]
NAME = "fenster.json"
SCALES = (1.0, 1.25, 1.5, 2.0)


class Settings(msgspec.Struct, frozen=True):
    """The choices. lang '' means: as the system says. width and height in pixels, 0 for unset."""

    lang: str = ""
    theme: Theme = "system"
    scale: float = 1.0
    width: int = 0
    height: int = 0


def read_settings(folder: Path) -> Settings:
    """The settings in a home's config folder; those of a first start where there are none."""
    try:
        found = msgspec.json.decode((folder / NAME).read_bytes(), type=Settings)
    except (OSError, ValueError):
        return Settings()
    return found if 1.0 <= found.scale <= 2.0 else msgspec.structs.replace(found, scale=1.0)


def write_settings(folder: Path, settings: Settings) -> None:
    """Keep them; where that cannot be, the window works all the same."""
    with contextlib.suppress(OSError, KnownError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own_files.replace(folder / NAME, msgspec.json.encode(settings))
