"""Which jobs run now."""

from __future__ import annotations

from core.agent.queue import Rank, Wanted, startable, to_make_room


def restore(number: int) -> Wanted:
    return Wanted(number, Rank.RESTORE, "restore")


def manual(number: int) -> Wanted:
    return Wanted(number, Rank.MANUAL, "backup")


def due(number: int) -> Wanted:
    return Wanted(number, Rank.DUE, "backup")


def numbers(waiting: list[Wanted], running: list[Wanted]) -> list[int]:
    return [one.number for one in startable(waiting, running)]


def test_one_job_works_at_a_time_the_oldest_first() -> None:
    assert numbers([due(2), due(1), due(3)], []) == [1]
    assert numbers([due(2)], [due(1)]) == []


def test_what_a_person_typed_goes_before_what_is_due() -> None:
    assert numbers([due(1), manual(2)], []) == [2]
    assert numbers([manual(2)], [due(1)]) == []  # but tears nothing down


def test_a_restore_never_waits() -> None:
    assert numbers([due(1), restore(2), manual(3), restore(4)], [manual(0)]) == [2, 4]
    assert numbers([due(1), restore(2), manual(3)], []) == [2, 3]


def test_what_is_due_makes_room_for_a_restore_and_waits_for_it() -> None:
    assert [one.number for one in to_make_room(restore(9), [due(1), manual(2)])] == [1]
    assert to_make_room(manual(9), [due(1)]) == []
    assert numbers([due(1)], [restore(2)]) == []
    assert numbers([due(1), restore(2)], []) == [2]


def at(rank: Rank, number: int, *lanes: str, is_far: bool = False) -> Wanted:
    return Wanted(number, rank, "backup", lanes=frozenset(lanes), is_far=is_far)


def test_a_lane_holds_up_no_other() -> None:
    cloud, disk = at(Rank.DUE, 1, "wolke", is_far=True), at(Rank.DUE, 2, "platte", "nas")
    assert numbers([cloud, disk], []) == [1, 2]
    assert numbers([disk], [cloud]) == [2]
    assert numbers([at(Rank.DUE, 3, "nas")], [disk]) == []
    assert numbers([at(Rank.MANUAL, 3, "platte")], [cloud]) == [3]
    assert numbers([manual(3)], [cloud]) == []  # anywhere is everywhere
    assert numbers([cloud], [manual(3)]) == []


def test_in_a_lane_the_older_goes_first_and_what_is_typed_before_it() -> None:
    first, second = at(Rank.DUE, 1, "platte"), at(Rank.DUE, 2, "platte")
    assert numbers([second, first], []) == [1]
    assert numbers([second, first, at(Rank.MANUAL, 3, "platte")], []) == [3]


def test_what_is_typed_and_comes_next_is_not_overtaken_by_what_is_due() -> None:
    cloud, typed = at(Rank.DUE, 1, "wolke", is_far=True), manual(2)
    assert numbers([typed, at(Rank.DUE, 3, "platte")], [cloud]) == []
    upload = at(Rank.MANUAL, 1, "wolke")  # nobody ends that one: what is due must not wait days
    assert numbers([typed, at(Rank.DUE, 3, "platte")], [upload]) == [3]


def test_a_due_copy_that_may_take_days_makes_room_for_what_is_typed() -> None:
    cloud, other = (at(Rank.DUE, n, id, is_far=True) for n, id in ((1, "wolke"), (2, "nas")))
    disk = at(Rank.DUE, 3, "platte")
    assert to_make_room(manual(9), [cloud, other, disk]) == [cloud, other]
    assert to_make_room(at(Rank.MANUAL, 9, "nas"), [cloud, other, disk]) == [other]
    assert to_make_room(at(Rank.DUE, 9, "nas"), [cloud, other, disk]) == []
    assert to_make_room(manual(9), [at(Rank.MANUAL, 1, "nas", is_far=True)]) == []


def test_one_errand_at_a_time_goes_beside_everything_and_holds_nobody_up() -> None:
    errand, next_one = Wanted(7, Rank.ERRAND, "alerts"), Wanted(8, Rank.ERRAND, "alerts")
    due = Wanted(9, Rank.DUE, "backup")
    assert startable([errand, next_one, due], []) == [errand, due]
    assert startable([next_one], [errand, due]) == []
    assert startable([errand], [due]) == [errand]
    assert to_make_room(errand, [due]) == []
