"""Bring the English catalogue up to date after a text was added, changed or removed.

    python -m resources.locale.update

collects all texts of core and gui, keeps what is translated, drops what is gone, compiles, and
lists what still wants a translation (exit code 1). Translate in `en/LC_MESSAGES/ladentresor.po` and
run it again. Needs Babel, a developer's tool; the program itself reads only the compiled file.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PO = HERE / "en" / "LC_MESSAGES" / "ladentresor.po"
MO = PO.with_suffix(".mo")

PACKAGES = ("core", "gui")
KEYWORDS = {"t": None, "say": None, "_say": None, "n": (1, 2)}
"""`t(msgid)` and `n(singular, plural, …)`, as functions or methods; see core/texts/catalog.py."""

_HEADER = """\
# English texts of Ladentresor. After changing a text anywhere run:
# python -m resources.locale.update"""


def extract() -> Catalog:
    """All texts of the program with the files they stand in."""
    catalog = Catalog(project="ladentresor", fuzzy=False)
    for package in PACKAGES:
        if not (ROOT / package).is_dir():
            continue
        found = extract_from_dir(
            ROOT / package, method_map=[("**.py", "python")], keywords=KEYWORDS
        )
        for name, _, message, _, _ in sorted(found, key=lambda one: one[0]):
            # no line numbers: they would change with every edit
            catalog.add(message, locations=[(f"{package}/{name}", 0)])
    return catalog


def read() -> Catalog:
    """The catalogue as it lies in the repository."""
    if not PO.exists():
        return Catalog(locale="en")
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def untranslated(catalog: Catalog) -> list[str]:
    """The texts that have no translation yet (of plurals the singular)."""
    missing = []
    for message in catalog:
        words = message.string if isinstance(message.string, list | tuple) else (message.string,)
        if message.id and not all(words):
            missing.append(message.id[0] if isinstance(message.id, list | tuple) else message.id)
    return missing


def update() -> Catalog:
    """The catalogue as it should be: today's texts with the translations there are."""
    old = read()
    new = Catalog(
        locale="en",
        project="ladentresor",
        header_comment=_HEADER,
        charset="utf-8",
        fuzzy=False,
        creation_date=datetime(2026, 1, 1, tzinfo=UTC),
        revision_date=datetime(2026, 1, 1, tzinfo=UTC),
        msgid_bugs_address="none",
        last_translator="none",
        language_team="none",
        version="1",
    )
    for message in extract():
        if not message.id:
            continue
        known = old.get(message.id)
        words = known.string if known is not None and known.id == message.id else None
        locations = sorted(set(message.locations))
        new.add(message.id, words or "", locations=locations)
    return new


def compiled(catalog: Catalog) -> bytes:
    """The bytes of the compiled file; always the same for the same texts."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def text(catalog: Catalog) -> bytes:
    """The bytes of the readable file; always the same for the same texts."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, include_lineno=False, sort_by_file=False)
    return buffer.getvalue()


def main() -> int:
    """Write both files; say what is left to translate."""
    catalog = update()
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(text(catalog))
    MO.write_bytes(compiled(read()))
    missing = untranslated(read())
    for words in missing:
        sys.stdout.write(f"to translate: {words}\n")
    sys.stdout.write(f"{len(catalog)} texts, {len(missing)} to translate\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
