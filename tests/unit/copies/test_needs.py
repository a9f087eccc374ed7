"""The filter of what is needed forgets nothing, and takes little for needed that is not."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from core.copies.letting_go.needs import Needs


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
