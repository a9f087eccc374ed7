"""Heads and names: what fits, what was encrypted or wiped, and what is nobody's business."""

from __future__ import annotations

import io
import sqlite3
import wave
import zipfile
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.copies.backing_up.canary_files import NAMES, content_of
from core.copies.backing_up.heads import HEAD, fits

NAMED = (
    "jpg png gif webp tif pdf zip docx xlsx pptx odt doc xls ppt mp3 mp4 mov sqlite pst"
    " xml html csv txt sql json svg eml 7z rar gz JPG Docx"
).split()


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return packed.getvalue()


def _wave() -> bytes:
    packed = io.BytesIO()
    with wave.open(packed, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(200))
    return packed.getvalue()


def _sqlite() -> bytes:
    base = sqlite3.connect(":memory:")
    try:
        base.execute("CREATE TABLE a (b)")
        return base.serialize() if hasattr(base, "serialize") else b"SQLite format 3\0"
    finally:
        base.close()


GENUINE = {
    "xlsx": _zip(),
    "wav": _wave(),
    "sqlite": _sqlite(),
    "mp4": b"\0\0\0\x18ftypisom",
    "mov": b"\0\0\0\x08wide\0\0\0\0mdat",
    "webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "pst": b"!BDN" + bytes(600),
    "mp3": b"ID3\x04\0\0\0\0\0\0",
}


@pytest.mark.parametrize("kind", GENUINE)
def test_what_programs_write_fits(kind: str) -> None:
    assert fits(b"a." + kind.encode(), GENUINE[kind])


@pytest.mark.parametrize("name", NAMES)
def test_our_own_canaries_fit(name: str) -> None:
    content = content_of(name)
    assert fits(name.encode(), content)
    if not name.endswith(".jpg"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
    assert content != content_of(name)


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("size", [1000, HEAD])
def test_encrypted_files_do_not_fit(kind: str, size: int) -> None:
    found = [fits(b"a." + kind.encode(), Random(n).randbytes(size)) for n in range(200)]
    assert sum(found) <= 4  # a head may happen to begin like something, once in some thousands


@pytest.mark.parametrize("kind", ["jpg", "docx", "pdf", "xls"])
def test_wiped_files_do_not_fit(kind: str) -> None:
    assert not fits(b"a." + kind.encode(), bytes(4096))


@given(st.text(max_size=2000), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_text_fits_whatever_the_name(text: str, code: str) -> None:
    printable = "".join(c for c in text if c.isprintable() or c in "\t\n\r")
    head = printable.encode(code, "ignore")
    for kind in (b"txt", b"csv", b"xml", b"xls", b"doc"):
        assert fits(b"export." + kind, head)


@given(st.binary(max_size=300))
def test_what_we_do_not_know_fits(head: bytes) -> None:
    for name in (b"Daten", b"a.dat", b".bashrc", b"a.xyz", b"a."):
        assert fits(name, head)
    assert fits(b"a.jpg", b"")
