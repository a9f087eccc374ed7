"""The lines of the recovery sheet: every slip a person makes is found and told by its group."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.secrets.recovery import (
    ALPHABET,
    Mistake,
    Pair,
    Slip,
    checksum_line,
    new_pair,
    pack,
    read_typed,
    unpack,
)

KNOWN_CHECKSUM = "bh9s-rduw-69e2-k5z6-zzka-ev6e"
KNOWN_MARK = "ekps-c7rm"
PAIRS = st.builds(new_pair)
PLACES = [(line, group) for line in (1, 2) for group in range(1, 7)]


def sheet(pair: Pair) -> list[str]:
    """The three lines as printed."""
    return [pair.password, pair.salt, checksum_line(pair)]


def mistakes(lines: list[str]) -> list[Mistake]:
    found = read_typed(lines)
    assert isinstance(found, list), "nothing was noticed"
    return found


def places(lines: list[str]) -> set[tuple[int, int]]:
    return {(one.line, one.group) for one in mistakes(lines)}


def put(line: str, at: int, text: str) -> str:
    return line[:at] + text + line[at + len(text) :]


# ------------------------------------------------------------------ what a pair is


def test_a_pair_is_two_lines_of_well_over_128_bit() -> None:
    pair = new_pair()
    for line in (pair.password, pair.salt):
        assert re.fullmatch(rf"[{ALPHABET}]{{5}}(-[{ALPHABET}]{{5}}){{5}}", line)
    assert 30 * log2(len(ALPHABET)) > 148
    assert not set("01ilo") & set(ALPHABET)
    assert new_pair() != pair
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{5}}", checksum_line(pair))


def test_the_lines_stand_in_no_repr() -> None:
    pair = new_pair()
    assert pair.password not in repr(pair)
    assert pair.salt not in repr(pair)
    assert pair.mark not in pack(pair)


def test_the_checksums_never_change() -> None:
    """They stand on paper: a known pair, its checksum line and its mark, for ever."""
    pair = Pair("23456-789ab-cdefg-hjkmn-pqrst-uvwxy", "zyxwv-utsrq-pnmkj-hgfed-cba98-76543")
    assert checksum_line(pair) == KNOWN_CHECKSUM
    assert pair.mark == KNOWN_MARK


@given(PAIRS)
def test_packing(pair: Pair) -> None:
    assert unpack(pack(pair)) == pair
    assert unpack("\n".join(sheet(pair)) + "\n") == pair
    assert all(other.mark != pair.mark for other in (new_pair(), Pair(pair.salt, pair.password)))


@pytest.mark.parametrize("value", ["", "x", "geheim geheim", "a\nb\nc\nd"])
def test_what_is_no_pair_is_said_without_quoting_it(value: str) -> None:
    with pytest.raises(ValueError, match="no pair of recovery lines"):
        unpack(value)


# ------------------------------------------------------------------ what does not matter


@given(
    PAIRS,
    st.sampled_from(["-", " ", "", " - ", "–", "—", "\u2011", "\u2212", ".", "\u00a0", "_"]),
    st.booleans(),
    st.booleans(),
)
def test_case_blanks_and_dashes_do_not_matter(
    pair: Pair, between: str, upper: bool, with_checksum: bool
) -> None:
    lines = [f"  {line.replace('-', between)}\r" for line in sheet(pair)]
    lines = [line.upper() if upper else line for line in lines]
    assert read_typed(lines if with_checksum else lines[:2]) == pair
    assert read_typed(["", *lines, " \n"]) == pair


# ------------------------------------------------------------------ one wrong character


@given(PAIRS, st.integers(0, 34), st.sampled_from([1, 2]), st.data())
def test_every_wrong_character_is_located(
    pair: Pair, at: int, line: int, data: st.DataObject
) -> None:
    lines = sheet(pair)
    was = lines[line - 1][at]
    if was == "-":
        return
    sign = data.draw(st.sampled_from([one for one in ALPHABET + "01ioläß!" if one != was]))
    lines[line - 1] = put(lines[line - 1], at, sign)
    assert places(lines) == {(line, at // 6 + 1)}


def test_every_wrong_character_of_one_sheet() -> None:
    """No chance in it: all 2 · 30 · 30 of them, and the 24 · 30 of the checksum line."""
    pair = new_pair()
    for line, text in enumerate(sheet(pair), start=1):
        for at, was in enumerate(text):
            for sign in ALPHABET:
                if was in ("-", sign):
                    continue
                lines = sheet(pair)
                lines[line - 1] = put(text, at, sign)
                group = at // (6 if line < 3 else 5) + 1
                assert mistakes(lines) == [Mistake(Slip.WRONG, line, group)]


def test_letters_the_sheet_does_not_have_are_named() -> None:
    pair = new_pair()
    for sign in "0O1lI":
        lines = sheet(pair)
        lines[1] = put(lines[1], 7, sign)
        assert mistakes(lines) == [Mistake(Slip.SIGN, 2, 2)]
        assert mistakes(lines[:2]) == [Mistake(Slip.SIGN, 2, 2)]


# ------------------------------------------------------------------ what changed places


def test_every_swap_of_two_characters() -> None:
    """Neighbours, also across a dash, and any two characters of a group."""
    pair = new_pair()
    for line, text in enumerate(sheet(pair), start=1):
        width = 6 if line < 3 else 5
        signs = [at for at, sign in enumerate(text) if sign != "-"]
        near = set(pairwise(signs))
        if line < 3:
            near |= {(one, two) for one, two in combinations(signs, 2) if one // 6 == two // 6}
        for one, two in near:
            if text[one] == text[two]:
                continue
            lines = sheet(pair)
            lines[line - 1] = put(put(text, one, text[two]), two, text[one])
            wanted = {(line, one // width + 1), (line, two // width + 1)}
            assert places(lines) == wanted, (line, one, two)


@given(PAIRS)
def test_every_swap_of_two_groups(pair: Pair) -> None:
    for one, two in combinations(PLACES, 2):
        groups = [line.split("-") for line in sheet(pair)]
        first, second = groups[one[0] - 1][one[1] - 1], groups[two[0] - 1][two[1] - 1]
        groups[one[0] - 1][one[1] - 1], groups[two[0] - 1][two[1] - 1] = second, first
        found = mistakes(["-".join(line) for line in groups])
        assert found == [Mistake(Slip.SWAPPED, *one, other=two)]


@given(PAIRS)
def test_swapped_groups_of_the_checksum_line(pair: Pair) -> None:
    for one, two in combinations(range(6), 2):
        lines = sheet(pair)
        groups = lines[2].split("-")
        groups[one], groups[two] = groups[two], groups[one]
        lines[2] = "-".join(groups)
        assert mistakes(lines) == [Mistake(Slip.SWAPPED, 3, one + 1, other=(3, two + 1))]


@given(PAIRS)
def test_swapped_lines(pair: Pair) -> None:
    first, second, check = sheet(pair)
    assert mistakes([second, first, check]) == [Mistake(Slip.LINES_SWAPPED, 1)]
    assert isinstance(read_typed([first, check, second]), list)
    assert isinstance(read_typed([check, first, second]), list)


# ------------------------------------------------------------------ too little, too much


@given(PAIRS, st.sampled_from(PLACES), st.booleans())
def test_a_missing_group(pair: Pair, place: tuple[int, int], dashes: bool) -> None:
    line, number = place
    lines = sheet(pair)
    groups = lines[line - 1].split("-")
    del groups[number - 1]
    lines[line - 1] = ("-" if dashes else "").join(groups)
    assert mistakes(lines) == [Mistake(Slip.MISSING, line, number)]
    assert mistakes(lines[:2]) == [Mistake(Slip.MISSING, line)]


@given(PAIRS, st.sampled_from(PLACES))
def test_a_group_typed_twice(pair: Pair, place: tuple[int, int]) -> None:
    line, number = place
    lines = sheet(pair)
    groups = lines[line - 1].split("-")
    lines[line - 1] = "-".join([*groups[:number], *groups[number - 1 :]])
    assert mistakes(lines) == [Mistake(Slip.EXTRA, line, number + 1)]
    assert mistakes(lines[:2]) == [Mistake(Slip.EXTRA, line)]


@given(PAIRS, st.sampled_from(PLACES), st.integers(0, 4), st.booleans(), st.booleans())
def test_a_character_too_few_or_too_many(
    pair: Pair, place: tuple[int, int], at: int, dashes: bool, fewer: bool
) -> None:
    line, number = place
    lines = sheet(pair)
    groups = lines[line - 1].split("-")
    group = groups[number - 1]
    twice = group[:at] + group[at] + group[at:]
    groups[number - 1] = group[:at] + group[at + 1 :] if fewer else twice
    lines[line - 1] = ("-" if dashes else "").join(groups)
    found = mistakes(lines)
    assert [one.line for one in found] == [line]
    if dashes:
        assert found == [Mistake(Slip.LENGTH, line, number)]
        assert mistakes(lines[:2]) == [Mistake(Slip.LENGTH, line, number)]
    else:  # the same sign may follow in the next group: then it shows there
        assert number <= found[0].group <= number + 1


def test_too_few_and_too_many_lines() -> None:
    lines = sheet(new_pair())
    assert mistakes([]) == [Mistake(Slip.LINE_MISSING, 1)]
    assert mistakes(lines[:1]) == [Mistake(Slip.LINE_MISSING, 2)]
    assert mistakes([lines[0], lines[2]]) == [Mistake(Slip.LINE_MISSING, 2)]
    assert mistakes([*lines, lines[0]]) == [Mistake(Slip.LINE_EXTRA, 4)]


@given(st.lists(st.text(alphabet=ALPHABET + "-–0Oäß \t²ſ", max_size=45), max_size=4))
def test_nothing_typed_breaks_it(lines: list[str]) -> None:
    found = read_typed(lines)
    assert isinstance(found, Pair) or found


@given(PAIRS, st.data())
def test_many_mistakes_at_once_never_pass(pair: Pair, data: st.DataObject) -> None:
    """Up to four wrong groups: each is named, two that look like a swap by chance as one."""
    wrong = data.draw(st.sets(st.sampled_from(PLACES), min_size=2, max_size=4))
    groups = [line.split("-") for line in sheet(pair)]
    for line, number in wrong:
        group = groups[line - 1][number - 1]
        sign = data.draw(st.sampled_from([one for one in ALPHABET if one != group[2]]))
        groups[line - 1][number - 1] = put(group, 2, sign)
    found = mistakes(["-".join(line) for line in groups])
    named = {place for one in found for place in ((one.line, one.group), one.other)} - {(0, 0)}
    assert named == wrong
