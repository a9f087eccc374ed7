"""Percent text: any bytes as plain text that needs no escape in JSON, TSV or shell (format §1)."""

from __future__ import annotations

import codecs
import re

_SPECIAL = re.compile(rb'[\x00-\x1f\x7f%"\\]')
_UNPLAIN = re.compile(rb'[^ -~]|[%"*?\\]')
_CODED = re.compile(rb"%([0-9A-F]{2})")
_LOOSE = re.compile(rb"%(?![0-9A-F]{2})")


def _invalid_byte(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(f"%{byte:02X}" for byte in bad), error.end


codecs.register_error("percent", _invalid_byte)


def encode(raw: bytes) -> str:
    """`raw` as percent text; the way back is `decode`."""
    if _SPECIAL.search(raw):
        raw = _SPECIAL.sub(lambda found: b"%%%02X" % found[0][0], raw)
    return raw.decode("utf-8", "percent")


def decode(text: str) -> bytes:
    """The bytes that `text` stands for; ValueError where a percent sign codes nothing."""
    raw = text.encode()
    if b"%" not in raw:
        return raw
    if _LOOSE.search(raw):
        raise ValueError("percent sign without two hex digits")
    return _CODED.sub(lambda found: bytes((int(found[1], 16),)), raw)


def exact(text: str) -> str:
    """Percent text in which all is coded that a pattern or a terminal may take for more.

    Stays as it is when it is no percent text, as `readable` does.
    """
    try:
        raw = decode(text)
    except ValueError:
        return text
    return _UNPLAIN.sub(lambda found: b"%%%02X" % found[0][0], raw).decode("ascii")


def readable(text: str) -> str:
    """Percent text as people write the name; only bytes that are no UTF-8 stay `%E4`.

    What is no percent text, in a copy that somebody else laid out, is shown as it stands.
    """
    try:
        return decode(text).decode("utf-8", "percent")
    except ValueError:
        return text
