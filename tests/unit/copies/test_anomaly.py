"""The gate's rules: what counts, what does not, where each number bites."""

from __future__ import annotations

import stat
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.copies.backing_up.anomaly import (
    FEWEST,
    MISFITS,
    NOTHING,
    Even,
    Facts,
    Rule,
    SetDigest,
    Tally,
    compare_folder,
    distinct,
    judge,
    path_mark,
)
from core.sources.folders import Entry

FILE = stat.S_IFREG | 0o644
FILES = st.dictionaries(
    st.binary(min_size=1, max_size=6).filter(lambda name: b"/" not in name),
    st.tuples(st.integers(0, 5), st.integers(1, 6)),
    max_size=12,
)


def entries(files: dict[bytes, tuple[int, int]], *, ids: int = 1) -> list[Entry]:
    return sorted((name, FILE, size, at, at, ids) for name, (size, at) in files.items())


def counted(
    old: dict[bytes, dict[bytes, tuple[int, int]]], new: dict[bytes, dict[bytes, tuple[int, int]]]
) -> list[bytes]:
    """The paths that count between two looks at some folders."""
    tally = Tally()
    for path in sorted(old.keys() | new.keys()):
        before, after = entries(old.get(path, {})), entries(new.get(path, {}), ids=2)
        tally.add(path, compare_folder(before, after))
    found = [path + b"/" + file.name for path, file in tally.counted()]
    assert found == [path + b"/" + file.name for path, file in tally.counted()]
    return found


# ------------------------------------------------------------------ the numbers


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (Facts(total=500, changed=60, lost=40, recent=100), Rule.MANY),
        (Facts(total=501, changed=60, lost=40, recent=100), None),
        (Facts(total=200, changed=60, lost=39, recent=99), None),
        (Facts(total=1000, changed=1, recent=350), Rule.SLOW),
        (Facts(total=1000, changed=1, recent=349), None),
        (Facts(total=1000, recent=350), None),  # nothing happened today
        (Facts(total=100, changed=1, recent=99), None),
        (Facts(total=100_000, changed=60, recent=60, heads=60, misfits=50), Rule.HEADS),
        (Facts(total=100_000, changed=60, recent=60, heads=60, misfits=49), None),
        (Facts(total=3, canaries=1), Rule.CANARY),
        (Facts(), None),
        (Facts(total=25_000, changed=4000, recent=4000), None),  # a program's update
    ],
)
def test_each_rule_at_its_edge(facts: Facts, rule: Rule | None) -> None:
    assert judge(facts) is rule


@given(
    st.builds(
        Facts,
        total=st.integers(0, 2000),
        changed=st.integers(0, 600),
        lost=st.integers(0, 600),
        recent=st.integers(0, 1200),
        misfits=st.integers(0, 400),
        canaries=st.integers(0, 3),
    )
)
def test_more_trouble_never_opens_a_closed_gate(facts: Facts) -> None:
    if judge(facts) is None:
        assert facts.changed + facts.lost < FEWEST or facts.changed + facts.lost < facts.total / 5
        assert facts.misfits < MISFITS
        return
    worse = Facts(
        total=facts.total,
        changed=facts.changed + 1,
        lost=facts.lost + 1,
        recent=facts.recent + 2,
        misfits=facts.misfits + 1,
        canaries=facts.canaries,
    )
    assert judge(worse) is not None


# ------------------------------------------------------------------ what counts


@given(FILES)
def test_the_same_files_count_for_nothing(files: dict[bytes, tuple[int, int]]) -> None:
    assert counted({b"a": files}, {b"a": files}) == []


@given(FILES, FILES)
def test_new_files_count_for_nothing(
    files: dict[bytes, tuple[int, int]], more: dict[bytes, tuple[int, int]]
) -> None:
    assert counted({b"a": files}, {b"a": more | files, b"b": more}) == []


@given(FILES, FILES)
def test_a_renamed_folder_counts_for_nothing(
    files: dict[bytes, tuple[int, int]], more: dict[bytes, tuple[int, int]]
) -> None:
    assert counted({b"a": files, b"a/x": more}, {b"b": files, b"b/x": more}) == []


@given(FILES, st.randoms(use_true_random=False))
def test_files_renamed_within_a_folder_count_for_nothing(
    files: dict[bytes, tuple[int, int]], random: Random
) -> None:
    facts = list(files.values())
    random.shuffle(facts)
    names = [b"new %d" % at for at in range(len(facts))]
    assert counted({b"a": files}, {b"a": dict(zip(names, facts, strict=True))}) == []


@given(FILES, FILES)
def test_no_arrival_stands_for_two(
    old: dict[bytes, tuple[int, int]], new: dict[bytes, tuple[int, int]]
) -> None:
    """What counts is what a matching of old contents to new places cannot place."""
    gone = [facts for name, facts in old.items() if new.get(name) != facts]
    room = [facts for name, facts in new.items() if old.get(name) != facts]
    for facts in list(gone):
        if facts in room:
            room.remove(facts)
            gone.remove(facts)
    assert len(counted({b"a": old}, {b"a": new})) == len(gone)


def test_changed_and_lost_are_told_apart() -> None:
    change = compare_folder(
        entries({b"a.csv": (5, 1), b"b.docx": (6, 1), b"c": (7, 1)}),
        entries({b"a.csv": (5, 2), b"b.docx.id-7.locked": (6, 3), b"c": (7, 1)}),
    )
    assert [(g.name, g.lost, g.head_of) for g in change.gone] == [
        (b"a.csv", False, b"a.csv"),
        (b"b.docx", True, b"b.docx.id-7.locked"),
    ]


def test_what_could_not_be_seen_counts_for_nothing() -> None:
    seen: Entry = (b"a", FILE, 5, 9, 9, 1)
    away: Entry = (b"a", FILE, -4, 9, 9, 1)  # in the cloud only
    unread: Entry = (b"a", FILE, 5, 0, 0, 0)  # could not be read last time
    folder: Entry = (b"a", stat.S_IFDIR | 0o755, 0, 9, 9, 1)
    for old, new in ((seen, away), (away, seen), (unread, seen), (folder, folder)):
        assert compare_folder([old], [new]).gone == []
    assert compare_folder([folder], []).gone == []


# ------------------------------------------------------------------ the set, the samples


@given(st.lists(st.tuples(st.binary(max_size=5), st.integers(0, 9)), unique=True, max_size=8))
def test_the_digest_knows_no_order(members: list[tuple[bytes, int]]) -> None:
    one, other, less = SetDigest(), SetDigest(), SetDigest()
    for member in members:
        one.add(*member)
    for member in reversed(members):
        other.add(*member)
    for member in members[1:]:
        less.add(*member)
    assert one.hex() == other.hex()
    assert (one.hex() == NOTHING) == (not members)
    assert not members or one.hex() != less.hex()


@given(st.integers(0, 2000), st.integers(1, 50))
def test_samples_are_spread_evenly(count: int, most: int) -> None:
    even: Even[int] = Even(most)
    for number in range(count):
        even.add(number)
    assert len(even.kept) <= most
    assert len(even.kept) >= min(count, most // 2)
    steps = {b - a for a, b in zip(even.kept, even.kept[1:], strict=False)}
    assert len(steps) <= 1


@given(st.lists(st.lists(st.binary(max_size=3))))
def test_a_file_that_changes_daily_counts_once(days: list[list[bytes]]) -> None:
    marks = [b"".join(map(path_mark, day)) for day in days]
    assert distinct(marks) == len({path for day in days for path in day})
