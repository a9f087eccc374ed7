"""Records and markers are believed whole or not at all: no half-written one may ever count."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.copies.format import documents
from core.copies.format.documents import (
    Broken,
    Claim,
    ContentsRef,
    ListRef,
    Record,
    Vault,
    new_run_name,
    run_number,
    run_order,
    seal,
    unseal,
)

RUN = "000002-20261121T030000Z-k7f3"
RECORD = Record(
    format=1,
    art="stand",
    vault="0" * 32,
    system="laden",
    run=RUN,
    writer="1" * 16,
    began="2026-11-21T03:00:00Z",
    ended="2026-11-21T03:01:00Z",
    local_time="2026-11-21T04:01:00+01:00",
    complete=True,
    files=3,
    folders=1,
    bytes=10,
    new_objects=1,
    new_bytes=5,
    skipped=0,
    list_name=f"{RUN}.liste.gz",
    list_size=100,
    list_sha256="a" * 64,
    list_lines=5,
    list_unpacked=400,
    contents=(ContentsRef(run=RUN, size=50, sha256="b" * 64, lines=2),),
    previous="c" * 64,
    states=(("000001-20261120T030000Z-aaaa", "c" * 64),),
)
CLAIM = Claim(
    format=1,
    art="schreiber",
    number=1,
    writer="1" * 16,
    computer="LADEN-PC",
    since="2026-11-21T03:00:00Z",
)
VAULT = Vault(
    format=1,
    art="tresor",
    vault="0" * 32,
    system="laden",
    name="Laden-PC Büro",
    destination="platte",
    layout="tree",
    created="2026-11-21T03:00:00Z",
)
ALL = (RECORD, CLAIM, VAULT)


@pytest.mark.parametrize("document", ALL, ids=["record", "claim", "vault"])
def test_what_was_sealed_comes_back(document: msgspec.Struct) -> None:
    data, digest = seal(document)
    assert unseal(data, type(document)) == (document, digest)


@pytest.mark.parametrize("document", ALL, ids=["record", "claim", "vault"])
def test_the_form_is_that_of_the_format(document: msgspec.Struct) -> None:
    data, digest = seal(document)
    line, second, rest = data.split(b"\n")
    assert rest == b""
    assert second.decode() == digest == hashlib.sha256(line).hexdigest()
    as_python = json.loads(line)
    assert json.dumps(as_python, ensure_ascii=False, separators=(",", ":")).encode() == line


def test_the_keys_of_a_record_stand_in_the_order_of_the_format() -> None:
    """The scripts for people find the fields by their place."""
    line = seal(RECORD)[0].split(b"\n")[0]
    assert " ".join(json.loads(line)) == (
        "format art tresor system lauf schreiber beginn ende ortszeit vollstaendig dateien ordner"
        " bytes neu_objekte neu_bytes ausgelassen liste liste_groesse liste_sha256 liste_zeilen"
        " liste_entpackt inhalte vorher staende"
    )


def test_a_record_of_a_difference_ends_with_the_list_it_leans_on() -> None:
    base = ListRef(name="x.liste.gz", size=1, sha256="b" * 64, lines=2, unpacked=3)
    leaning = msgspec.structs.replace(RECORD, base=base)
    data = seal(leaning)[0]
    found = json.loads(data.split(b"\n")[0])
    assert list(found)[-1] == "gegen"
    assert " ".join(found["gegen"]) == "name groesse sha256 zeilen entpackt"
    assert unseal(data, Record)[0] == leaning


@pytest.mark.parametrize("document", ALL, ids=["record", "claim", "vault"])
def test_every_truncation_is_refused(document: msgspec.Struct) -> None:
    data = seal(document)[0]
    for length in range(len(data)):
        with pytest.raises(Broken):
            unseal(data[:length], type(document))
        with pytest.raises(Broken):  # what an unclean end leaves on NTFS and exFAT
            unseal(data[:length] + bytes(len(data) - length), type(document))


@pytest.mark.parametrize("document", ALL, ids=["record", "claim", "vault"])
def test_every_changed_byte_is_refused(document: msgspec.Struct) -> None:
    data = seal(document)[0]
    chance = random.Random(7)
    for place in range(len(data)):
        for other in {data[place] ^ 1 << chance.randrange(8), 0, 10, 32} - {data[place]}:
            bad = data[:place] + bytes([other]) + data[place + 1 :]
            with pytest.raises(Broken):
                unseal(bad, type(document))


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        unseal(data, Record)


@pytest.mark.parametrize("more", [b"\n", b"x", b"\n\n", b"\x00"])
def test_more_than_two_lines_are_refused(more: bytes) -> None:
    with pytest.raises(Broken):
        unseal(seal(CLAIM)[0] + more, Claim)


def resealed(facts: object) -> bytes:
    """What a hostile or foreign writer would put there, its digest right."""
    line = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
    return line + b"\n" + hashlib.sha256(line).hexdigest().encode() + b"\n"


@pytest.mark.parametrize(
    "change",
    [
        {"dateien": "3"},
        {"dateien": None},
        {"dateien": 1.5},
        {"vollstaendig": 1},
        {"inhalte": [[RUN, 50, "b" * 64, 2]]},
        {"inhalte": [{"lauf": RUN}]},
        {"staende": [["x"]]},
        {"staende": {"a": "b"}},
        {"lauf": 2},
        {"system": ["laden"]},
    ],
)
def test_wrong_types_are_refused(change: dict[str, object]) -> None:
    facts = json.loads(seal(RECORD)[0].split(b"\n")[0])
    with pytest.raises(Broken):
        unseal(resealed(facts | change), Record)


@pytest.mark.parametrize("key", [*json.loads(seal(RECORD)[0].split(b"\n")[0])])
def test_missing_keys_are_refused(key: str) -> None:
    facts = json.loads(seal(RECORD)[0].split(b"\n")[0])
    del facts[key]
    with pytest.raises(Broken):
        unseal(resealed(facts), Record)


def test_deep_nesting_and_bad_text_are_refused() -> None:
    for line in (b"[" * 100_000, b'{"a":' * 50_000, b'{"format":1,"art":"\xff\xfe"}', b'"\\ud800"'):
        data = line + b"\n" + hashlib.sha256(line).hexdigest().encode() + b"\n"
        with pytest.raises(Broken):
            unseal(data, Claim)
        assert documents.format_of(data) in (None, 1)


def test_a_document_of_nothing_but_newlines_costs_little() -> None:
    with pytest.raises(Broken):
        unseal(b"\n" * documents.MAX_DOCUMENT, Record)


# -- the format version ---------------------------------------------------------------------------


def test_the_format_is_read_from_a_form_we_do_not_know() -> None:
    assert documents.format_of(resealed({"format": 2, "ganz": {"anders": [1]}})) == 2
    assert documents.format_of(resealed({"format": 1})) == 1


@pytest.mark.parametrize("facts", [{}, [], 7, {"format": "2"}, {"format": True}, {"format": 2.5}])
def test_what_names_no_format_has_none(facts: object) -> None:
    assert documents.format_of(resealed(facts)) is None


def test_a_flipped_bit_does_not_make_a_newer_format() -> None:
    """A damaged record is damage, not a reason to ask for a newer program."""
    for data in (seal(document)[0] for document in ALL):
        assert documents.format_of(data.replace(b'"format":1', b'"format":3', 1)) is None


# -- names of runs --------------------------------------------------------------------------------

MOMENT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@given(st.integers(1, 10**18 - 1))
def test_a_new_name_is_a_name(number: int) -> None:
    name = new_run_name(number, MOMENT)
    assert run_number(name) == number
    assert name.split("-")[1] == "20261121T030000Z"


def test_new_names_differ() -> None:
    assert len({new_run_name(1, MOMENT) for _ in range(200)}) > 190


@pytest.mark.parametrize(
    "name",
    [
        "",
        "000001",
        "00001-20261121T030000Z-k7f3",
        "000001-20261121T030000Z-k7f",
        "000001-20261121T030000Z-k7f33",
        "000001-20261121T030000Z-k7f1",
        "000001-20261121T030000Z-K7F3",
        "000001-20261121T030000Z-k7f3.json",
        "../000001-20261121T030000Z-k7f3",
        "000001-20261121T030000Z-k7f3/..",
        "000001-20261121T030000Z-k7f3\n",
        "000001-2026112aT030000Z-k7f3",
        "٠٠٠٠٠١-20261121T030000Z-k7f3",
        "000001-２０２６1121T030000Z-k7f3",
        "1000000000000000000-20261121T030000Z-k7f3",
    ],
)
def test_what_is_no_name(name: str) -> None:
    assert run_number(name) is None


def test_order_goes_by_number_beyond_six_digits() -> None:
    names = [new_run_name(n, MOMENT) for n in (1_000_000, 999_999, 2, 10_000_000, 1)]
    assert [run_number(name) for name in sorted(names, key=run_order)] == [
        1,
        2,
        999_999,
        1_000_000,
        10_000_000,
    ]


def test_twins_are_ordered_by_name() -> None:
    twins = ["000003-20261121T030000Z-zzzz", "000003-20261121T030000Z-aaaa"]
    assert sorted(twins, key=run_order) == twins[::-1]
