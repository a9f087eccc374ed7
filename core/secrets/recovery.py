"""The two lines of a recovery sheet, and what a person may get wrong in typing them (DESIGN §5).

A line is six groups of five characters with dashes between them, as in `k7f3m-…`; the lines,
dashes included, are the two passwords of rclone crypt. The alphabet lacks 0, 1, i, l and o, which
paper and people confuse; its 31 characters are the numbers of a prime field, so that a line carries
30 · log2(31) = 148 bit. The checksum line has a group of four under each pair of groups: two
characters for the group of the first line, two for that of the second. For the values x₁…x₅ of a
group these are Σ i·xᵢ and Σ i²·xᵢ modulo 31 (ADR 10): one wrong character and any two that changed
places always change both. All twelve checksums of a pair differ, so that groups and lines that
changed places show as well.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GROUPS = 6
SIZE = 5
CHECK_LINE = 3
"""The number of the checksum line; the lines before it are 1 and 2."""

_Checksums = dict[int, list[str]]
_Place = tuple[int, int]
_CHECK = 2
_VALUES = {sign: value for value, sign in enumerate(ALPHABET)}
_APART = re.compile(r"[\s\u00ad\u200b-\u200d\ufeff_.,:;/|+*=~\u2010-\u2015\u2212-]+")
"""What people and word processors put between groups: blanks, every dash, points."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two lines as rclone wants them. They stand in no `repr`."""

    password: str = field(repr=False)
    salt: str = field(repr=False)

    @property
    def mark(self) -> str:
        """What tells this pair from another and gives nothing of it away, as in `k7f3-m2qp`.

        40 bit of a SHA-256 over 297 bit of chance.
        """
        number = int.from_bytes(hashlib.sha256(f"Blatt {pack(self)}".encode()).digest()[:5])
        signs = ""
        for _ in range(8):
            number, value = divmod(number, len(ALPHABET))
            signs += ALPHABET[value]
        return f"{signs[:4]}-{signs[4:]}"


class Slip(StrEnum):
    """What is wrong with what was typed."""

    WRONG = "wrong"  # the group differs from the sheet
    SIGN = "sign"  # it holds a character that stands on no sheet
    LENGTH = "length"  # it has too few or too many characters
    MISSING = "missing"  # it was left out
    EXTRA = "extra"  # it is one too many
    SWAPPED = "swapped"  # it changed places with the group in `other`
    LINES_SWAPPED = "lines_swapped"  # the first and the second line changed places
    LINE_MISSING = "line_missing"
    LINE_EXTRA = "line_extra"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: lines count 1, 2 and 3 (the checksum line), groups 1 to 6; 0 is the whole line.

    A wrong group is named, never the right character: who can read it must have the paper.
    """

    slip: Slip
    line: int
    group: int = 0
    other: tuple[int, int] = (0, 0)


def new_pair() -> Pair:
    """A pair of lines from the system's generator of chance."""
    while True:
        groups = ["".join(secrets.choice(ALPHABET) for _ in range(SIZE)) for _ in range(2 * GROUPS)]
        if len({_checksum(group) for group in groups}) == len(groups):
            return Pair("-".join(groups[:GROUPS]), "-".join(groups[GROUPS:]))


def checksum_line(pair: Pair) -> str:
    """The third line of the sheet. It tells 10 of the 25 bit of each group: for paper only."""
    columns = zip(pair.password.split("-"), pair.salt.split("-"), strict=True)
    return "-".join(_checksum(first) + _checksum(second) for first, second in columns)


def pack(pair: Pair) -> str:
    """The pair as one secret value."""
    return f"{pair.password} {pair.salt}"


def unpack(value: str) -> Pair:
    """The pair in a secret value, also one that was typed in from the sheet.

    ValueError, without the value in it, when it holds no pair.
    """
    pair = read_typed(value.splitlines() if "\n" in value else value.split())
    if isinstance(pair, Pair):
        return pair
    raise ValueError("no pair of recovery lines")


def read_typed(lines: Sequence[str]) -> Pair | list[Mistake]:
    """The pair that was typed, or everything that is wrong with it, in the order of the sheet.

    The checksum line may be missing: then only what cannot be a line is found. Case, blanks and the
    kind of dash do not matter. Empty lines do not count.
    """
    filled = [line for line in lines if _APART.sub("", line)]
    if not 2 <= len(filled) <= CHECK_LINE:
        slip = Slip.LINE_MISSING if len(filled) < 2 else Slip.LINE_EXTRA
        return [Mistake(slip, len(filled) + 1 if slip is Slip.LINE_MISSING else len(filled))]
    if len(filled) == 2 and [len(one) for one in _groups(filled[1], 2 * _CHECK)] == GROUPS * [
        2 * _CHECK
    ]:
        return [Mistake(Slip.LINE_MISSING, 2)]
    first, second = (_groups(line, SIZE) for line in filled[:2])
    if len(filled) < CHECK_LINE:
        mistakes = [*_misshapen(1, first, SIZE), *_misshapen(2, second, SIZE)]
    else:
        check = _groups(filled[2], 2 * _CHECK)
        mistakes = list(_misshapen(CHECK_LINE, check, 2 * _CHECK)) or list(
            _compare(first, second, check)
        )
    return mistakes or Pair("-".join(first), "-".join(second))


def _checksum(group: str) -> str:
    """Two characters for five; empty for what is no group."""
    if len(group) != SIZE or not _VALUES.keys() >= set(group):
        return ""
    values = list(enumerate((_VALUES[sign] for sign in group), start=1))
    once = sum(number * value for number, value in values)
    squared = sum(number * number * value for number, value in values)
    return ALPHABET[once % len(ALPHABET)] + ALPHABET[squared % len(ALPHABET)]


def _groups(line: str, size: int) -> list[str]:
    """The groups as typed; signs as many as a line has are cut evenly, wherever the dashes are."""
    groups = [one for one in _APART.split(unicodedata.normalize("NFKC", line).lower()) if one]
    signs = "".join(groups)
    if len(signs) == GROUPS * size or len(groups) == 1:
        return [signs[at : at + size] for at in range(0, len(signs), size)]
    return groups


def _misshapen(line: int, groups: Sequence[str], size: int) -> Iterator[Mistake]:
    """What cannot stand on any sheet: strange characters, too short, too long."""
    for number, group in enumerate(groups[:GROUPS], start=1):
        if not _VALUES.keys() >= set(group):
            yield Mistake(Slip.SIGN, line, number)
        elif len(group) != size:
            yield Mistake(Slip.LENGTH, line, number)
    if len(groups) < GROUPS:
        yield Mistake(Slip.MISSING, line)
    elif len(groups) > GROUPS:
        yield Mistake(Slip.EXTRA, line)


def _compare(first: list[str], second: list[str], check: list[str]) -> Iterator[Mistake]:
    """Hold both lines against the checksums that were typed."""
    typed = {1: [_checksum(group) for group in first], 2: [_checksum(group) for group in second]}
    wanted = {1: [group[:_CHECK] for group in check], 2: [group[_CHECK:] for group in check]}
    if typed[1] == wanted[2] and typed[2] == wanted[1]:
        yield Mistake(Slip.LINES_SWAPPED, 1)
        return
    swapped = _swapped(typed, wanted)
    found = {
        *_in_place(1, first, typed[1], wanted[1], swapped),
        *_in_place(2, second, typed[2], wanted[2], swapped),
    }
    for one, other in _swapped_checksums(swapped):
        found.add(Mistake(Slip.SWAPPED, CHECK_LINE, one, other=(CHECK_LINE, other)))
    yield from sorted(found, key=lambda one: (one.line, one.group))


def _in_place(
    line: int, groups: list[str], typed: list[str], wanted: list[str], swapped: dict[_Place, _Place]
) -> Iterator[Mistake]:
    """What is wrong with the groups of one line, or with the checksums of them."""
    if _is_shifted(groups):
        yield _misaligned(line, groups, typed, wanted)
        return
    checksums = _swapped_checksums(swapped)
    for number, (was, should) in enumerate(zip(typed, wanted, strict=True), start=1):
        other = swapped.get((line, number))
        if other is not None:
            if (line, number) < other and (number, other[1]) not in checksums:
                yield Mistake(Slip.SWAPPED, line, number, other=other)
        elif was != should and _is_slip_of_checksum(was, should):
            yield Mistake(Slip.WRONG, CHECK_LINE, number)
        elif was != should:
            yield _wrong(line, number, groups[number - 1])


def _swapped_checksums(swapped: dict[_Place, _Place]) -> set[tuple[int, int]]:
    """Two groups that seem to have changed places in both lines did so in the checksum line."""
    return {
        (number, its)
        for (line, number), (other, its) in swapped.items()
        if line == other == 1 and number < its and swapped.get((2, number)) == (2, its)
    }


def _swapped(typed: _Checksums, wanted: _Checksums) -> dict[_Place, _Place]:
    """Places of groups each of which has the other's checksum, both ways round."""
    wrong = [
        (line, number)
        for line in (1, 2)
        for number, (was, should) in enumerate(zip(typed[line], wanted[line], strict=False), 1)
        if was != should
    ]
    return {
        (line, number): (other, its)
        for line, number in wrong
        for other, its in wrong
        if typed[line][number - 1] == wanted[other][its - 1]
        and typed[other][its - 1] == wanted[line][number - 1]
    }


def _is_shifted(groups: Sequence[str]) -> bool:
    """Whether groups cannot be told by their place: one is missing or too many, or all was typed
    in one go and a character is missing or too many.
    """
    full = all(len(group) == SIZE for group in groups[:-1])
    return len(groups) != GROUPS or (full and len(groups[-1]) != SIZE)


def _misaligned(
    line: int, groups: Sequence[str], typed: Sequence[str], wanted: Sequence[str]
) -> Mistake:
    """Where such a line goes wrong: what fits from either end is right."""
    shorter = min(len(typed), GROUPS)
    front = next((at for at in range(shorter) if typed[at] != wanted[at]), shorter)
    back = next((at for at in range(shorter) if typed[-1 - at] != wanted[-1 - at]), shorter)
    slip = Slip.LENGTH
    if front + back >= shorter and len(groups) != GROUPS:  # what is there is right
        slip = Slip.EXTRA if len(groups) > GROUPS else Slip.MISSING
    return Mistake(slip, line, front + 1)


def _is_slip_of_checksum(typed: str, wanted: str) -> bool:
    """Whether the checksum rather than the group is mistyped: a slip in a group changes both signs.

    No single slip in a group turns its checksum around either (ADR 10).
    """
    return bool(typed) and (typed[0] == wanted[0] or typed[1] == wanted[1] or typed == wanted[::-1])


def _wrong(line: int, number: int, group: str) -> Mistake:
    if not _VALUES.keys() >= set(group):
        return Mistake(Slip.SIGN, line, number)
    return Mistake(Slip.WRONG if len(group) == SIZE else Slip.LENGTH, line, number)
