"""Percent text carries any bytes and never needs an escape in JSON, TSV or a shell."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.copies.format import percent

# Names as merchants have them, with the bytes that break readers mixed in.
_BYTES = st.binary(max_size=80) | st.text(max_size=40).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
_LOOSE = ("%", "%4", "%G0", "%0G", "a%", "%%41", "%4x", "% 41", "%-1", "%+1", "%4%41", "%ff", "%e4")


@given(_BYTES)
@example(b"")
@example(bytes(range(256)))
@example(b"100 %")
@example(b"%41")
@example(b"halb \xc3")
@example(b"zu lang \xc0\xaf")
@example("surrogat \ud800".encode("utf-8", "surrogatepass"))
def test_round_trip(raw: bytes) -> None:
    assert percent.decode(percent.encode(raw)) == raw


@given(_BYTES)
def test_text_needs_no_escape_anywhere(raw: bytes) -> None:
    text = percent.encode(raw)
    assert not re.search(r'["\\\x00-\x1f\x7f]', text)
    assert json.dumps(text, ensure_ascii=False) == f'"{text}"'
    assert len(f"a\t{text}\tb".split("\t")) == 3
    assert len(text.encode().split(b"\n")) == 1


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_different_bytes_give_different_text(one: bytes, other: bytes) -> None:
    assert (percent.encode(one) == percent.encode(other)) == (one == other)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30))
def test_readable_names_stay_readable(text: str) -> None:
    plain = re.sub(r'[%"\\]', "", text)
    assert percent.encode(plain.encode()) == plain


def test_the_codes_are_those_of_the_format() -> None:
    assert percent.encode(b'a\t"b"\\\n%\x7f\xff') == "a%09%22b%22%5C%0A%25%7F%FF"
    assert percent.encode("\u0085 €".encode()) == "\u0085 €"  # C1 is valid UTF-8: it stays


@pytest.mark.parametrize("text", _LOOSE)
def test_a_loose_percent_sign_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="percent sign"):
        percent.decode(text)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValueError):
        percent.decode("\ud800")


@given(st.text(max_size=60))
def test_decode_gives_bytes_or_a_value_error(text: str) -> None:
    try:
        raw = percent.decode(text)
    except ValueError:
        return
    assert percent.decode(percent.encode(raw)) == raw
