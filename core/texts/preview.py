"""What of a file can be shown as it is, and its beginning as text. Pure."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath

_TEXTS = frozenset(
    ".txt .csv .tsv .md .log .ini .cfg .conf .toml .json .xml .html .htm .sql .ics .vcf .eml .py"
    " .php .js .css .yml .yaml .bat .sh .ps1".split()
)
_PICTURES = frozenset(".png .jpg .jpeg .gif .bmp .webp .ico .ppm".split())


class Shown(StrEnum):
    """How a file can be shown."""

    TEXT = "text"
    PICTURE = "picture"
    NOTHING = "nothing"


def kind_of(name: str) -> Shown:
    """How a file of this name can be shown."""
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in _TEXTS:
        return Shown.TEXT
    return Shown.PICTURE if suffix in _PICTURES else Shown.NOTHING


def readable_text(data: bytes) -> str:
    """The text these bytes are, as far as people can read it: UTF-8, UTF-16 or that of Windows.

    A sign that was cut in two at the end is left out, and so are NUL and other control characters.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data[: len(data) // 2 * 2].decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            cut = error.start >= len(data) - 3 and error.reason == "unexpected end of data"
            text = (
                data[: error.start].decode("utf-8-sig") if cut else data.decode("cp1252", "replace")
            )
    return "".join(sign for sign in text if sign in "\n\t" or sign.isprintable())
