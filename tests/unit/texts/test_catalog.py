"""The English catalogue is whole, true to its source and compiled; a bad one is not believed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from hypothesis import given
from hypothesis import strategies as st

from core.texts import Texts, pick_language, t
from core.texts.catalog import DOMAIN, FOLDER, fields, keeps_fields
from resources.locale import update

HELP = "run: python -m resources.locale.update, and translate what it lists"


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def forms(words: object) -> tuple[str, ...]:
    """The one or two forms of a message."""
    return tuple(words) if isinstance(words, list | tuple) else (str(words),)


def by_id(catalog: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {forms(message.id): forms(message.string) for message in messages(catalog)}


def test_every_text_is_in_the_catalogue_and_no_other() -> None:
    wanted = {forms(message.id) for message in messages(update.extract())}
    assert len(wanted) > 150
    assert wanted == set(by_id(update.read())), HELP


def test_every_text_is_translated_and_none_is_a_guess() -> None:
    catalog = update.read()
    assert update.untranslated(catalog) == [], HELP
    assert [message.id for message in messages(catalog) if message.fuzzy] == []


def test_translations_keep_the_placeholders() -> None:
    for sources, translations in by_id(update.read()).items():
        for text in translations:
            assert keeps_fields(sources, text), text


def test_the_compiled_file_is_current() -> None:
    with update.MO.open("rb") as file:
        assert by_id(read_mo(file)) == by_id(update.read()), HELP
    assert FOLDER / "en" / "LC_MESSAGES" / f"{DOMAIN}.mo" == update.MO


def test_the_tone_of_all_texts() -> None:
    """UI.md §8: no exclamation mark, no `Fehler!`, no `erfolgreich`; quotation marks in pairs."""
    for sources, translations in by_id(update.read()).items():
        for text in sources:
            assert not re.search(r"!|erfolgreich|Oops|Backup", text), text
            assert text.count("„") == text.count("“"), text
            fields(text)
        for text in translations:
            assert "!" not in text
            assert text.count("“") == text.count("”"), text
            assert not re.search("[„äöüß]", text), text


def test_german_is_the_source_and_english_the_translation() -> None:
    assert Texts("de").t("Hier fehlt „{name}“.", name="x") == "Hier fehlt „x“."
    assert Texts("en").t("Hier fehlt „{name}“.", name="x") == "“x” is missing here."
    assert Texts("en").t("nie übersetzt {a}", a=1) == "nie übersetzt 1"
    assert (Texts("en").t(""), Texts("de").t("")) == ("", "")
    assert t("x") == "x"


def test_a_missing_parameter_shows_and_does_not_fail() -> None:
    assert Texts("de").t("Hier fehlt „{name}“.") == "Hier fehlt „…“."
    assert Texts("de").t("{self} {msgid}", self=1, msgid=2) == "1 2"


def test_parameters_are_never_formatted_again() -> None:
    assert Texts("de").t("{a}", a="{b} {0} %s {{", b=1) == "{b} {0} %s {{"


def test_plural() -> None:
    de = Texts("de")
    assert de.n("eine Datei", "{n} Dateien", 1) == "eine Datei"
    assert de.n("{n} Datei", "{n} Dateien", 1) == "1 Datei"
    assert de.n("eine Datei", "{n} Dateien", 24004) == "24.004 Dateien"
    assert de.n("eine Datei", "{n} Dateien auf {name}", 0, name="x") == "0 Dateien auf x"
    assert Texts("en").n("eine", "{n} nie übersetzt", 24004) == "24,004 nie übersetzt"


@pytest.fixture
def bad_catalogue(tmp_path: Path) -> Path:
    """A translation in which every text has a fault of its own."""
    catalog = Catalog(locale="en")
    catalog.add("gut {a}", "good {a}")
    catalog.add("fehlt {a}", "missing")
    catalog.add("anders {a}", "other {b}")
    catalog.add("mehr {a}", "more {a} {b}")
    catalog.add("tief {a}", "deep {a.__class__}")
    catalog.add("genau {a}", "exact {a!r:>30}")
    catalog.add("kaputt {a}", "broken {a")
    catalog.add(("eine Datei", "{n} Dateien"), ("one file", "{n} files"))
    catalog.add(("ein Ordner", "{n} Ordner"), ("{m} folder", "folders"))
    file = tmp_path / "en" / "LC_MESSAGES" / f"{DOMAIN}.mo"
    file.parent.mkdir(parents=True)
    file.write_bytes(update.compiled(catalog))
    return tmp_path


def test_a_translation_with_other_placeholders_is_not_used(bad_catalogue: Path) -> None:
    texts = Texts("en", folder=bad_catalogue)
    assert texts.t("gut {a}", a=1) == "good 1"
    for source in ("fehlt", "anders", "mehr", "tief", "genau", "kaputt"):
        assert texts.t(f"{source} {{a}}", a=1) == f"{source} 1"
    assert texts.n("eine Datei", "{n} Dateien", 1) == "one file"
    assert texts.n("eine Datei", "{n} Dateien", 2) == "2 files"
    assert texts.n("ein Ordner", "{n} Ordner", 1) == "ein Ordner"


def test_no_catalogue_is_no_reason_to_fail(tmp_path: Path) -> None:
    assert Texts("en", folder=tmp_path).t("{a} fehlt", a=1) == "1 fehlt"


@pytest.mark.parametrize(
    ("explicit", "environ", "lang"),
    [
        (None, {}, "de"),
        (None, {"LANG": "C"}, "de"),
        (None, {"LANG": "C.UTF-8"}, "de"),
        (None, {"LANG": "POSIX"}, "de"),
        (None, {"LANG": "de_DE.UTF-8"}, "de"),
        (None, {"LANG": "fr_FR.UTF-8"}, "de"),
        (None, {"LANG": "eng"}, "de"),
        (None, {"LANG": "en_GB.UTF-8"}, "en"),
        (None, {"LANG": "en"}, "en"),
        (None, {"LANG": "en-US"}, "en"),
        (None, {"LANG": "en.UTF-8"}, "en"),
        (None, {"LANG": "en@quot"}, "en"),
        (None, {"LANG": "en_US.UTF-8", "LC_ALL": "C.UTF-8"}, "de"),
        (None, {"LANG": "de_DE", "LC_ALL": "en_US"}, "en"),
        (None, {"LANG": "en_US", "LC_ALL": ""}, "en"),
        (None, {"LANG": "de_DE", "LC_MESSAGES": "en_US"}, "en"),
        ("de", {"LANG": "en_US"}, "de"),
        ("en", {"LANG": "de_DE"}, "en"),
        ("", {"LANG": "en_US"}, "en"),
    ],
)
def test_pick_language(explicit: str | None, environ: dict[str, str], lang: str) -> None:
    assert pick_language(explicit, environ) == lang


@given(st.text(max_size=30))
def test_any_parameter_can_be_shown(value: str) -> None:
    assert Texts("de").t("<{a}>", a=value).startswith("<")
