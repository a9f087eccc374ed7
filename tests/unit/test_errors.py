"""Every failure a person can meet: one exit code each, and whole on its way between processes."""

from __future__ import annotations

import copy
import pickle

import pytest

from core.errors import EXIT_OF, Code, Exit, KnownError


@pytest.mark.parametrize("code", Code)
def test_every_code_has_an_exit(code: Code) -> None:
    error = KnownError(code, path="/x/\udcff", count=3)
    assert error.exit is EXIT_OF[code]
    assert error.exit not in (Exit.OK, Exit.BUG)


@pytest.mark.parametrize("code", Code)
def test_it_travels_whole_between_processes(code: Code) -> None:
    error = KnownError(code, path="/daten/Büro/\udcff\n", system="laden", count=2**70)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        twin = pickle.loads(pickle.dumps(error, protocol))
        assert type(twin) is KnownError
        assert (twin.code, twin.params, twin.exit) == (error.code, error.params, error.exit)
        assert twin.code is code
        assert str(twin) == str(error)
    assert copy.copy(error).params == error.params


def test_no_code_is_forgotten() -> None:
    assert set(EXIT_OF) == set(Code)
    assert set(EXIT_OF.values()) <= set(Exit)


def test_exit_codes_fit_a_shell() -> None:
    numbers = [int(code) for code in Exit]
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number <= 130 for number in numbers)
    assert 126 not in numbers  # a shell's own: not executable
    assert 127 not in numbers  # not found


def test_values_are_words_for_logs() -> None:
    assert all(code.value == code.name.lower() for code in Code)


def test_an_unknown_code_of_a_newer_process_is_no_known_error() -> None:
    data = pickle.dumps(KnownError(Code.CANCELLED)).replace(b"cancelled", b"cancellex")
    with pytest.raises(ValueError, match="cancellex"):
        pickle.loads(data)
