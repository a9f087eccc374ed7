"""What a look into a file shows."""

from __future__ import annotations

import pytest

from core.texts.preview import Shown, kind_of, readable_text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Preise.CSV", Shown.TEXT),
        ("Foto.JPG", Shown.PICTURE),
        ("Rechnung.pdf", Shown.NOTHING),
        ("ohne", Shown.NOTHING),
        (".txt", Shown.NOTHING),
    ],
)
def test_kinds(name: str, shown: Shown) -> None:
    assert kind_of(name) is shown


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Öl;1,90 €\n".encode(), "Öl;1,90 €\n"),
        ("Öl;1,90 €\n".encode("cp1252"), "Öl;1,90 €\n"),
        ("Öl\r\n".encode("utf-16"), "Öl\n"),
        ("\ufeffÖl".encode(), "Öl"),
        ("Öl €".encode()[:-1], "Öl "),  # cut in the middle of a sign
        (b"a\x00b\x1b[31mc", "ab[31mc"),
        (b"", ""),
    ],
)
def test_text_as_people_read_it(data: bytes, text: str) -> None:
    assert readable_text(data) == text
