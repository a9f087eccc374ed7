"""Sealed names: those of rclone, there and back, and nothing that is none of ours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.crypt.keys import derive
from core.crypt.names import Names

NAMES = Names(derive("pass-wort-eins", "salz-wort-zwei"))

# Written by rclone 1.75.2 with these two lines (`rclone cryptdecode --reverse`).
OF_RCLONE = {
    "a": "vtu11sivjl61722dnl0n3q864c",
    "inhalt.tsv.gz": "577phmfojff4qne34csv41j570",
    "daten/000001-k7f3/buendel-000001.zip": (
        "th6n1bip2rnp8bjcb6p9hb5ehs/bhpoeajmgdr0t81d5meakd77vo/"
        "pi5kgersf6irrqqngvinkgjk9bi10emenk62cm91g1nblocmm3n0"
    ),
    "ein Name, der länger ist als ein Block von sechzehn Zeichen": (
        "uc3l7f18tfrvcvaijdumc3olsdqiiee1n6qm444pasdi5abid1j361n6"
        "fnchlh5o3cajo57dl391upn5vk3gt2peht11v3hv9tpjbuo"
    ),
}

a_name = some.text(
    some.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=200
)


@pytest.mark.parametrize("plain", OF_RCLONE)
def test_names_are_those_of_rclone(plain: str) -> None:
    assert NAMES.seal(plain) == OF_RCLONE[plain]


@given(some.lists(a_name, min_size=1, max_size=4))
def test_names_come_back(parts: list[str]) -> None:
    sealed = NAMES.seal("/".join(parts))
    assert [NAMES.open(part) for part in sealed.split("/")] == parts
    assert [NAMES.open(part.upper()) for part in sealed.split("/")] == parts


@given(some.text(max_size=80))
def test_what_is_not_ours_has_no_name(text: str) -> None:
    assert NAMES.open(text) is None


def test_another_key_knows_none_of_them() -> None:
    other = Names(derive("pass-wort-eins", "salz-wort-drei"))
    assert all(other.open(part) is None for part in "/".join(OF_RCLONE.values()).split("/"))


def test_the_top_of_the_folder_has_no_name_to_seal() -> None:
    assert NAMES.seal("") == ""


def test_several_threads_share_the_names() -> None:
    paths = [f"daten/{number}/buendel-{number:06}.zip" for number in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(NAMES.seal, paths))
    alone = Names(derive("pass-wort-eins", "salz-wort-zwei"))
    assert sealed == [alone.seal(path) for path in paths]


def test_keys_do_not_show() -> None:
    keys = derive("a", "b")
    assert repr(keys) == f"{keys}" == "Keys(…)"
