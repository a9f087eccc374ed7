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


def test_one_errand_at_a_time_goes_beside_everything_and_holds_nobody_up() -> None:
    errand, next_one = Wanted(7, Rank.ERRAND, "alerts"), Wanted(8, Rank.ERRAND, "alerts")
    due = Wanted(9, Rank.DUE, "backup")
    assert startable([errand, next_one, due], []) == [errand, due]
    assert startable([next_one], [errand, due]) == []
    assert startable([errand], [due]) == [errand]
    assert to_make_room(errand, [due]) == []
