"""Stored names: from the true names of siblings to names every medium can hold (format §7).

The true name stands only in the list; the stored name has to be readable, valid on Windows, macOS
and Linux, and unique within its folder even where case and Unicode normal form are ignored.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

OWN_FOLDER = b"ladentresor"
"""Plan and proofs travel in this folder of every state."""

MAX_SEGMENT_BYTES = 120
MAX_PATH_CHARACTERS = 200
OWN_TOP_NAMES = frozenset({"ladentresor", "lang", "teile", "umgepackt", "inhalt.tsv.gz"})

# Fast path: nothing to mend in a name of these letters that neither begins nor ends badly.
_PLAIN = re.compile(rb"[A-Za-z0-9_(+=@][A-Za-z0-9_()+=@., -]{0,60}(?<![. ])")
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|COM[0-9¹²³]|LPT[0-9¹²³])(?:\s*\..*|\s*)", re.IGNORECASE
)
_ALL_PLAIN = re.compile(b"(?:" + _PLAIN.pattern + rb")(?:\n" + _PLAIN.pattern + b")*")
_ANY_DEVICE = re.compile(rb"(?mi)^(?:con|prn|aux|nul|com|lpt)")
# Windows' own list, the percent sign, and the look-alikes rclone uses to stand in for them.
_REFUSED = re.compile(
    '[\x00-\x1f\x7f-\x9f"*:<>?|/\\\\%\u201b\u2400-\u2426\uff01-\uff60\ud800-\udfff\ufffd\u2028\u2029'
    "\ufffe\uffff\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)


def fold(name: str) -> str:
    """The key under which two names are the same on some medium."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())


def safe_segment(raw: bytes) -> str:
    """The best readable name for `raw`, valid everywhere but perhaps not yet unique."""
    if _PLAIN.fullmatch(raw) and not _DEVICE.fullmatch(raw.decode("ascii")):
        return raw.decode("ascii")
    text = unicodedata.normalize("NFC", raw.decode("utf-8", "replace"))
    text = _REFUSED.sub("_", text)
    stripped = text.rstrip(". ")
    text = stripped + "_" * (len(text) - len(stripped))
    if text.startswith((" ", "~", "-")):
        text = "_" + text[1:]
    if _DEVICE.fullmatch(text):
        text = "_" + text
    if len(text.encode()) > MAX_SEGMENT_BYTES:
        text = _with_mark(text, raw)
    return text or "_"


def _with_mark(text: str, raw: bytes) -> str:
    """`text` made unique by a mark from the true name, cut to size, its ending kept."""
    mark = "~" + hashlib.sha256(raw).hexdigest()[:10]
    stem, dot, ending = text.rpartition(".")
    if not stem or len(ending.encode()) > 12:
        stem, dot, ending = text, "", ""
    room = MAX_SEGMENT_BYTES - len((mark + dot + ending).encode())
    cut = stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ")
    return f"{cut}{mark}{dot}{ending}"


def stored_names(raws: Iterable[bytes], taken: Iterable[str] = ()) -> dict[bytes, str]:
    """A stored name for each true name of one folder; `taken` are stored names already there.

    Pure: the same siblings give the same names in whatever order they come. Where two names fold
    together, the first in byte order keeps the plain form and the others carry a mark.
    """
    raws = list(raws)
    used = {fold(name) for name in taken}
    joined = b"\n".join(raws)
    if _ALL_PLAIN.fullmatch(joined) and not _ANY_DEVICE.search(joined):
        keys = joined.decode("ascii").lower().split("\n")
        if len(used | set(keys)) == len(used) + len(raws):
            return {raw: raw.decode("ascii") for raw in raws}  # the usual folder
    result: dict[bytes, str] = {}
    for raw in sorted(raws):
        name = safe_segment(raw)
        key = fold(name)
        if key in used:
            name = _with_mark(name, raw)
            key = fold(name)
            while key in used:  # a sibling is called just like our mark: mark the mark
                name = _with_mark(name, hashlib.sha256(name.encode() + raw).digest())
                key = fold(name)
        used.add(key)
        result[raw] = name
    return result


def long_path(true_path: bytes) -> str:
    """Where a file goes whose stored path would be too long or is refused by the medium."""
    return "lang/" + hashlib.sha256(true_path).hexdigest()


def short_names(paths: Iterable[bytes], known: dict[bytes, str]) -> dict[bytes, str]:
    """A lasting short name for each source folder: its last part, made unique (DESIGN §4).

    `known` are the names given earlier; they never change. `D:\\` becomes `Laufwerk-D`.
    """
    result = {path: known[path] for path in paths if path in known}
    used = {fold(name) for name in (*known.values(), *OWN_TOP_NAMES)}
    for path in paths:
        if path in result:
            continue
        base = _base_name(path)
        name, number = base, 1
        while fold(name) in used:
            number += 1
            tail = f"-{number}"
            room = MAX_SEGMENT_BYTES - len(tail)
            name = base.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + tail
        used.add(fold(name))
        result[path] = name
    return result


def _base_name(path: bytes) -> str:
    parts = [part for part in re.split(rb"[/\\]", path) if part]
    if not parts:
        return "Wurzel"
    drive = re.fullmatch(rb"([A-Za-z]):", parts[-1])
    if drive:
        return "Laufwerk-" + drive[1].decode().upper()
    return safe_segment(parts[-1])
