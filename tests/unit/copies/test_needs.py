"""The filter of what is needed forgets nothing, and takes little for needed that is not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from core.copies.format.contents import Part, StoredObject
from core.copies.letting_go.needs import Needs
from core.copies.letting_go.survey import is_half_dead


@given(st.sets(st.binary(min_size=32, max_size=32), max_size=200))
def test_what_was_added_is_held(shas: set[bytes]) -> None:
    needs = Needs(10)
    needs.add(sha.hex()[:15].encode() for sha in shas)
    assert all(needs.holds(sha) for sha in shas)


def test_a_hundred_thousand_contents_leave_others_alone() -> None:
    needs = Needs(100_000)
    shas = [hashlib.sha256(b"%d" % n).digest() for n in range(200_000)]
    needs.add(sha.hex()[:15].encode() for sha in shas[:100_000])
    assert all(needs.holds(sha) for sha in shas[:100_000])
    assert sum(needs.holds(sha) for sha in shas[100_000:]) < 30


def sha(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


def bundle(contents: int, of: int, *, around: int) -> StoredObject:
    """A ZIP with so many contents of `of` bytes, and `around` bytes that it says of each."""
    parts = tuple(Part(sha(n), n * (of + around), of, of, "roh", "") for n in range(contents))
    return StoredObject("buendel-000001.zip", contents * (of + around), b"z" * 32, parts)


def needing(numbers: Iterable[int]) -> Needs:
    needs = Needs(100)
    needs.add(sha(number).hex()[:15].encode() for number in numbers)
    return needs


def test_half_dead_is_what_is_needed_by_less_than_half() -> None:
    assert is_half_dead(needing(range(4)), bundle(10, 9_000, around=130))
    assert not is_half_dead(needing(range(5)), bundle(10, 9_000, around=130))
    whole = StoredObject("shop/preise.csv", 9_000, sha(1))
    assert not is_half_dead(needing([1]), whole)


def test_tiny_contents_that_are_all_needed_are_not_half_dead() -> None:
    """Packing them again would give the same bundle: every clean-up would, for ever."""
    assert not is_half_dead(needing(range(1000)), bundle(1000, 20, around=130))
    assert is_half_dead(needing(range(400)), bundle(1000, 20, around=130))
