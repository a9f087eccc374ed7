"""Stored names hold on every medium. The judges here are written anew, from the vendors' rules."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.copies.format.names import (
    MAX_SEGMENT_BYTES,
    OWN_TOP_NAMES,
    long_path,
    safe_segment,
    short_names,
    stored_names,
)
from tests.support.hostile_names import hostile_names

# Microsoft, "Naming Files, Paths, and Namespaces"; the two console names from the console API.
_WINDOWS_SIGNS = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789¹²³"]
)
# What rclone writes in place of signs a backend refuses; such names would come back changed.
_RCLONE_SIGNS = re.compile("[\u201b\u2400-\u2421\uff0f\uff1a\uff0a\uff1f\uff02\uff1c\uff1e\uff5c]")
_INVISIBLE = frozenset(("Cc", "Cs", "Cn"))

_SEGMENT = (
    st.binary(min_size=1, max_size=255).filter(lambda raw: b"/" not in raw and b"\0" not in raw)
    | st.text(min_size=1, max_size=60)
    .map(lambda text: text.replace("/", "_").replace("\0", "_"))
    .map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from(hostile_names())
)
_SIBLINGS = st.sets(_SEGMENT, min_size=1, max_size=30)


def invalid_on_windows(name: str) -> str:
    """Why Windows would refuse or change the name; empty when it takes it as it is."""
    if not name or _WINDOWS_SIGNS.search(name):
        return "sign"
    if name.endswith((".", " ")):
        return "ending"
    if name.split(".")[0].rstrip(" ").lower() in _WINDOWS_DEVICES:
        return "device"
    return "" if name.encode("utf-16-le", "surrogatepass").decode("utf-16-le") == name else "UTF-16"


def foldings(name: str) -> set[str]:
    """What the name becomes on media that fold: Windows (simple), macOS, ext4 casefold."""
    upper = "".join(
        c.upper() if len(c.upper()) == 1 and c not in "\u0131\u017f" else c for c in name
    )
    return {
        upper,
        name.lower(),
        name.casefold(),
        unicodedata.normalize("NFC", name),
        unicodedata.normalize("NFD", name),
        unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold()),
        unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower()),
    }


def assert_good(names: dict[bytes, str]) -> None:
    """Every promise of format §7 about the names of one folder."""
    seen: dict[str, bytes] = {}
    for raw, name in names.items():
        assert not invalid_on_windows(name), (raw, name, invalid_on_windows(name))
        assert len(name.encode()) <= MAX_SEGMENT_BYTES
        assert name == unicodedata.normalize("NFC", name)
        assert not _RCLONE_SIGNS.search(name)
        assert "%" not in name
        assert not any(unicodedata.category(sign) in _INVISIBLE - {"Cn"} for sign in name)
        assert not name.startswith(("-", "~", " "))
        for folded in foldings(name):
            assert seen.setdefault(folded, raw) == raw, (raw, seen[folded], name)


@given(_SIBLINGS)
@example(set(hostile_names()))
@example({b"a", b"A", "ａ".encode(), b"a~" + b"0" * 10})
@example({b"x" * 255, b"x" * 254 + b"y", b"X" * 255})
@example({b"_", b" ", b".", b"..", b"...", b"\xff", b"\xfe"})
@example({b"CON", b"con", b"_CON", b"_con", b"CON.txt", b"CON .txt", b"COM\xc2\xb9"})
def test_names_hold_on_every_medium(raws: set[bytes]) -> None:
    names = stored_names(raws)
    assert names.keys() == raws
    assert_good(names)


@given(st.text(min_size=1, max_size=3))
@example("\u0130")
@example("\u1e9e")
@example("\u0345")
@example("\ufb03")
def test_twins_of_case_and_normal_form_get_names_of_their_own(text: str) -> None:
    forms = {text.lower(), text.upper(), text.casefold(), text.swapcase(), text}
    forms |= {unicodedata.normalize(how, form) for form in forms for how in ("NFC", "NFD", "NFKC")}
    raws = {form.encode("utf-8", "surrogatepass").translate(None, b"/\0") for form in forms}
    assert_good(stored_names(raws - {b""}))


@given(_SIBLINGS, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_nothing_is_remembered(
    raws: set[bytes], shuffler: random.Random
) -> None:
    first = stored_names(sorted(raws))
    mixed = list(raws)
    shuffler.shuffle(mixed)
    stored_names(mixed[: len(mixed) // 2])
    assert stored_names(mixed) == first


@given(_SIBLINGS, _SIBLINGS)
def test_names_already_there_are_not_taken_again(there: set[bytes], raws: set[bytes]) -> None:
    taken = stored_names(there)
    fresh = stored_names(raws - there, taken.values())
    assert_good(taken | fresh)


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 _()-]{0,40}[A-Za-z0-9]\.[a-z]{3}", fullmatch=True))
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    if not invalid_on_windows(name):
        assert safe_segment(name.encode()) == name


@pytest.mark.parametrize("name", ["Büro.txt", "Größentabelle €.csv", "日本語.txt", "PROGRA~1"])
def test_readable_names_of_other_letters_stay(name: str) -> None:
    assert safe_segment(name.encode()) == name


def test_a_name_that_looks_like_our_mark_is_marked_itself() -> None:
    raws = {b"Preis.txt", b"preis.txt"}
    marked = stored_names(raws)[b"preis.txt"]
    assert_good(stored_names(raws | {marked.encode()}))


def test_the_ending_survives_the_cut() -> None:
    name = safe_segment(b"a" * 200 + b".xlsx")
    assert name.endswith(".xlsx")
    assert len(name.encode()) <= MAX_SEGMENT_BYTES


def test_names_are_the_same_in_every_version() -> None:
    """Incremental copies rest on this: a changed function would store every such file again."""
    assert stored_names(
        [b"Preis: 10?", b"CON", b"a.", b"A.", b"M\xe4rz", b"x" * 130 + b".txt"]
    ) == {
        b"Preis: 10?": "Preis_ 10_",
        b"CON": "_CON",
        b"A.": "A_",
        b"a.": "a_~5ab640fad5",
        b"M\xe4rz": "M_rz",
        b"x" * 130 + b".txt": "x" * 105 + "~5b9d34a5e7.txt",
    }


# -- long paths and short names -------------------------------------------------------------------


def test_a_long_path_becomes_a_name_of_its_own() -> None:
    first, second = long_path(b"shop/" + b"x/" * 300), long_path(b"shop/" + b"x/" * 301)
    assert first != second
    assert re.fullmatch(r"lang/[0-9a-f]{64}", first)


_PLACES = st.lists(
    st.sampled_from(
        [b"/data/shop", b"/mnt/shop", b"/mnt/Shop", b"/mnt/SHOP/", b"D:\\", b"d:\\", b"E:\\Daten",
         b"/", b"/srv/lang", b"/srv/Teile", b"/srv/ladentresor", b"/srv/shop-2", b"/srv/umgepackt",
         b"/srv/inhalt.tsv.gz", b"/x/\xff", b"/y/\xfe", b"/z/CON", b"/\xc3\xa4", b"/a\xcc\x88"]
    ),
    unique=True,
    max_size=19,
)  # fmt: skip


@given(_PLACES, _PLACES)
def test_short_names_last_and_are_unique(first: list[bytes], more: list[bytes]) -> None:
    known = short_names(first, {})
    later = short_names(more, known)
    for place in more:
        assert later[place] == known.get(place, later[place])
    together = known | later
    assert_good(together)
    own = {name.casefold() for name in OWN_TOP_NAMES}
    assert not own & {name.casefold() for name in together.values()}
    assert stored_names(name.encode() for name in together.values()) == {
        name.encode(): name for name in together.values()
    }


def test_short_names_of_the_design() -> None:
    assert short_names([b"C:\\Daten", b"D:\\Daten", b"D:\\", b"/"], {}) == {
        b"C:\\Daten": "Daten",
        b"D:\\Daten": "Daten-2",
        b"D:\\": "Laufwerk-D",
        b"/": "Wurzel",
    }


def test_a_name_once_given_is_not_given_to_another_folder() -> None:
    known = {b"/old/shop": "shop"}
    assert short_names([b"/new/shop"], known) == {b"/new/shop": "shop-2"}


def test_short_names_of_long_folders_stay_within_the_limit() -> None:
    places = [b"/a/" + b"x" * 255, b"/b/" + b"x" * 255, b"/c/" + b"y" * 120, b"/d/" + b"y" * 120]
    found = short_names(places, {})
    assert len({name.casefold() for name in found.values()}) == 4
    assert all(len(name.encode()) <= MAX_SEGMENT_BYTES for name in found.values())
