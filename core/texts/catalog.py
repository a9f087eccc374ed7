"""Translation without a process-wide language: whoever renders holds a `Texts` of its own.

The German text is the msgid, so German can never be missing. Placeholders are named (`{path}`) and
filled with str.format; a translation that does not keep to its source's placeholders is not used.
"""

from __future__ import annotations

import gettext
import re
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from core.texts.formats import Lang, count, visible

DOMAIN = "ladentresor"
FOLDER = Path(__file__).resolve().parents[2] / "resources" / "locale"
"""Where the compiled catalogues lie; in a frozen program they stand beside `core` as well."""

PROGRAM = "ladentresor"
"""What a person types to start us, unless told otherwise; fills `{program}` in every text."""

MISSING = "…"
"""Stands where a parameter should be: a half sentence helps more than none."""


def t(msgid: str) -> str:
    """Mark a German text for translation where no `Texts` is at hand; returns it unchanged."""
    return msgid


def fields(text: str) -> frozenset[str]:
    """The placeholders of a text. ValueError unless all are plain names, as in `{path}`."""
    found = set()
    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(text)
        found.add(name)
    return frozenset(found)


def keeps_fields(sources: tuple[str, ...], translated: str) -> bool:
    """Whether a translation may stand for its source (of a plural: for one of its two forms).

    Every placeholder must be there and none may be new; of a plural's singular (`eine Datei` and
    `{n} Dateien`) either set will do.
    """
    try:
        return fields(translated) in {fields(source) for source in sources}
    except ValueError:
        return False


class Texts:
    """The texts of one language. Cheap to make, safe to share between threads.

    program: how this reader starts us (`./run`), so that every command we name can be typed.
    """

    def __init__(self, lang: Lang, *, program: str = PROGRAM, folder: Path = FOLDER) -> None:
        self.lang: Lang = lang
        self.program = program
        self._catalogue = _load(lang, folder)

    def t(self, msgid: str, /, **params: object) -> str:
        """The text in this language with its placeholders filled; never fails."""
        translated = self._catalogue.gettext(msgid) if msgid else ""  # "" is the header's msgid
        if translated != msgid and not _fits((msgid,), translated):
            translated = msgid
        return _fill(translated, {"program": self.program, **params})

    def n(self, singular: str, plural: str, n: int, /, **params: object) -> str:
        """The text that fits the number; `{n}` is the number as people write it."""
        translated = self._catalogue.ngettext(singular, plural, n)
        source = singular if n == 1 else plural
        if translated != source and not _fits((singular, plural), translated):
            translated = source
        known = {"program": self.program, "n": count(n, self.lang)}
        return _fill(translated, known | params)


def pick_language(explicit: str | None, environ: Mapping[str, str]) -> Lang:
    """The language to speak: `explicit` (`--lang`), else English where the locale says so.

    German is the first language: C, POSIX, no locale and other languages all give German.
    """
    if explicit:
        return "en" if explicit.casefold().startswith("en") else "de"
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        locale = environ.get(name)
        if locale:
            return "en" if re.match(r"en(?![a-z])", locale.casefold()) else "de"
    return "de"


def _load(lang: Lang, folder: Path) -> gettext.NullTranslations:
    if lang == "de":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, folder, languages=[lang], fallback=True)


@cache
def _fits(sources: tuple[str, ...], translated: str) -> bool:
    return keeps_fields(sources, translated)


def _fill(text: str, params: Mapping[str, object]) -> str:
    shown = {name: visible(str(value)) for name, value in params.items()}
    # the mapping is ours alone and plain; Any only because Formatter asks for it
    return _FORMATTER.vformat(text, (), cast(Mapping[str, Any], shown))


class _Forgiving(string.Formatter):
    """Fills what is there and leaves a sign where something is missing."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return kwargs.get(field_name, MISSING), field_name


_FORMATTER = _Forgiving()
