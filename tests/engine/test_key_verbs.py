"""`key create | show | prove | rotate` as a merchant types them; the lines leak nowhere."""

from __future__ import annotations

import io
import json
import os
import pty
import stat
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from core.cli.main import PASSPHRASE
from core.cli.main import run as run_here
from core.clock import SystemClock
from core.copies import jobs
from core.copies.opening.sealed import vault_folder
from core.errors import Code, Exit
from core.paths import find_home
from core.secrets import sealed_file
from core.secrets.recovery import ALPHABET, Pair, checksum_line, unpack
from core.secrets.sealed_file import Cost, SealedFileStore
from core.store.home import Proof, SheetPrint
from tests.engine.stage import Event, Shop, events, make_shop, only
from tests.support.secrets_search import find_secret

WORD = "Küchenschelle-9041-Übung"
Call = Callable[..., list[Event]]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose one destination is encrypted, and the passphrase for a sealed file."""
    made = make_shop(tmp_path)
    plan = made.home / "config" / "plan.toml"
    plan.write_text('shop = "Maier"\n' + plan.read_text().replace("= false", "= true"))
    return made


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "COST", Cost(4, 8, 1))


@pytest.fixture
def call(shop: Shop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Type a call with what stands on stdin; its JSON lines. Raw output lands in `said`."""

    def typed(*args: str, stdin: str = "", rc: int = 0) -> list[Event]:
        monkeypatch.setenv(PASSPHRASE, WORD)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        got = run_here(["--json", "--home", str(shop.home), *args])
        out, err = capfd.readouterr()
        assert got == rc, out + err
        with (shop.root / "gesagt.txt").open("a") as log:
            log.write("" if "--text" in args else out + err)
        return [json.loads(line) for line in out.splitlines()]

    return typed


def stored(shop: Shop, name: str = "tresor.key") -> Pair:
    value = SealedFileStore(find_home(str(shop.home)), WORD).get(name)
    assert value is not None
    return unpack(value)


def typed_off(pair: Pair) -> str:
    return f"{pair.password}\n{pair.salt}\n{checksum_line(pair)}\n"


def prints(shop: Shop, pair: Pair) -> list[SheetPrint]:
    with jobs.open_store(find_home(str(shop.home)), SystemClock()) as store:
        return store.prints(pair.mark)


def proofs(shop: Shop) -> list[Proof]:
    with jobs.open_store(find_home(str(shop.home)), SystemClock()) as store:
        return store.proofs()


def code(lines: list[Event]) -> str:
    return str(only(events(lines, "error"))["code"])


# ------------------------------------------------------------------ create


def test_create_keeps_a_pair_and_never_replaces_it(shop: Shop, call: Call) -> None:
    made = only(events(call("key", "create"), "key"))
    pair = stored(shop)
    assert made == {
        "event": "key",
        "name": "tresor.key",
        "done": "created",
        "mark": pair.mark,
        "store": "file",
    }
    again = call("key", "create", rc=Exit.SECRET_PROBLEM)
    assert code(again) == Code.KEY_EXISTS
    assert stored(shop) == pair
    call("key", "create", "--for", "platte")
    assert stored(shop, "platte.key") != pair
    assert code(call("key", "create", "--for", "x", rc=Exit.NOT_FOUND)) == Code.DESTINATION_UNKNOWN


@pytest.mark.parametrize("verb", ["show", "prove", "rotate"])
def test_without_a_key(verb: str, call: Call) -> None:
    assert code(call("key", verb, rc=Exit.SECRET_PROBLEM)) == Code.KEY_MISSING


@pytest.mark.parametrize("verb", ["show", "prove"])
def test_a_secret_that_is_no_pair(verb: str, call: Call) -> None:
    call("secret", "set", "tresor.key", stdin="geheim-1234-geheim")
    lines = call("key", verb, rc=Exit.SECRET_PROBLEM)
    assert code(lines) == Code.KEY_UNREADABLE
    assert "geheim" not in json.dumps(lines).replace("Geheimnis", "")


def test_lines_typed_in_from_a_sheet_are_a_key(shop: Shop, call: Call) -> None:
    call("key", "create")
    pair = stored(shop)
    call("secret", "set", "platte.key", stdin=typed_off(pair).upper())
    assert stored(shop, "platte.key") == pair


def test_the_plan_is_content_with_the_shops_key(call: Call) -> None:
    problems = call("plan", "check", rc=Exit.PLAN_INVALID)
    assert only(events(problems, "problem"))["code"] == "secret_missing"
    call("key", "create")
    call("plan", "check")


# ------------------------------------------------------------------ show


def test_a_print_is_counted_and_private(shop: Shop, call: Call) -> None:
    call("key", "create")
    pair, target = stored(shop), shop.root / "blatt.pdf"
    made = only(events(call("key", "show", "--pdf", str(target), "--place", "Tresor"), "sheet"))
    assert made == {
        "event": "sheet",
        "name": "tresor.key",
        "mark": pair.mark,
        "number": 1,
        "copies": 1,
        "place": "Tresor",
        "pdf": str(target),
    }
    assert target.read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    again = call("key", "show", "--pdf", str(target), rc=Exit.DESTINATION_REFUSED)
    assert code(again) == Code.SHEET_NOT_WRITTEN
    assert len(prints(shop, pair)) == 1
    text = str(only(events(call("key", "show", "--text"), "sheet"))["text"])
    assert pair.password in text
    assert str(shop.copy() / vault_folder(stored(shop))) in text
    assert [(one.number, one.place) for one in prints(shop, pair)] == [(1, "Tresor"), (2, "")]


def test_every_key_has_the_copies_it_opens(shop: Shop, call: Call) -> None:
    call("key", "create")
    call("key", "create", "--for", "platte")
    one = only(events(call("key", "show", "--text", "--for", "platte"), "sheet"))
    other = only(events(call("key", "show", "--text"), "sheet"))
    assert (one["copies"], other["copies"]) == (1, 0)
    assert (one["number"], other["number"]) == (1, 1)


def test_a_sheet_without_a_plan(shop: Shop, call: Call) -> None:
    (shop.home / "config" / "plan.toml").unlink()
    call("key", "create", "--for", "platte")
    made = only(events(call("key", "show", "--text", "--for", "platte"), "sheet"))
    assert made["copies"] == 0


def test_no_sheet_where_a_copy_or_the_net_would_take_it(shop: Shop, call: Call) -> None:
    call("key", "create")
    synced = shop.root / "Nextcloud"
    synced.mkdir()
    (shop.root / "quer").symlink_to(shop.source)
    for folder in (shop.source, shop.copy().parent, synced, shop.root / "quer"):
        folder.mkdir(exist_ok=True, parents=True)
        target = folder / "blatt.pdf"
        lines = call("key", "show", "--pdf", str(target), rc=Exit.DESTINATION_REFUSED)
        assert code(lines) == Code.SHEET_EXPOSED
        assert not target.exists()
    assert prints(shop, stored(shop)) == []


# ------------------------------------------------------------------ prove


def test_the_sheet_is_proven_by_opening(shop: Shop, call: Call) -> None:
    call("key", "create")
    pair = stored(shop)
    for text in (
        typed_off(pair),
        "\ufeff" + typed_off(pair).upper().replace("-", " ").replace("\n", "\r\n"),
        f"{pair.password}\n{pair.salt}\n",
    ):
        done = only(events(call("key", "prove", stdin=text), "proven"))
        assert (done["mark"], done["mistakes"]) == (pair.mark, 0)
    found = proofs(shop)
    assert {one[2:] for one in found} == {("", "", "sheet", "opened", "", pair.mark)}
    assert len(found) == 3
    assert not list(find_home(str(shop.home)).cache.glob("probe-*"))


def test_slips_are_told_by_their_group(shop: Shop, call: Call) -> None:
    call("key", "create")
    pair = stored(shop)
    sign = "x" if pair.salt[13] != "x" else "y"
    wrong = Pair(pair.password, pair.salt[:13] + sign + pair.salt[14:])
    text = f"{wrong.password}\n{wrong.salt}\n{checksum_line(pair)}"
    lines = call("key", "prove", stdin=text, rc=Exit.SECRET_PROBLEM)
    mistake = only(events(lines, "mistake"))
    assert (mistake["mistake"], mistake["line"], mistake["group"]) == ("wrong", 2, 3)
    assert code(lines) == Code.KEY_MISTYPED
    swapped = f"{pair.salt}\n{pair.password}\n{checksum_line(pair)}"
    lines = call("key", "prove", stdin=swapped, rc=Exit.SECRET_PROBLEM)
    assert only(events(lines, "mistake"))["mistake"] == "lines_swapped"
    assert code(call("key", "prove", rc=Exit.SECRET_PROBLEM)) == Code.KEY_MISTYPED
    assert proofs(shop) == []


def test_a_slip_in_the_checksum_line_alone_proves_the_lines(shop: Shop, call: Call) -> None:
    call("key", "create")
    pair = stored(shop)
    check = checksum_line(pair)
    sign = "x" if check[0] != "x" else "y"
    lines = call("key", "prove", stdin=f"{pair.password}\n{pair.salt}\n{sign}{check[1:]}\n")
    assert only(events(lines, "mistake"))["line"] == 3
    assert only(events(lines, "proven"))["mistakes"] == 1


def test_a_wrong_group_that_looks_like_a_slip_of_the_checksum(shop: Shop, call: Call) -> None:
    """Two wrong characters can leave one of the two checksums right: opening sees through it."""
    call("key", "create")
    pair = stored(shop)
    check = checksum_line(pair)
    for first, second in product(ALPHABET, repeat=2):
        wrong = Pair(first + second + pair.password[2:], pair.salt)
        if wrong != pair and checksum_line(wrong)[0] == check[0]:
            break
    text = f"{wrong.password}\n{wrong.salt}\n{check}\n"
    lines = call("key", "prove", stdin=text, rc=Exit.SECRET_PROBLEM)
    assert (only(events(lines, "mistake"))["line"], code(lines)) == (3, Code.KEY_MISTYPED)
    assert proofs(shop) == []


def test_what_opens_nothing_is_no_proof(shop: Shop, call: Call) -> None:
    """Without the checksum line no slip shows; the test object stays shut all the same."""
    call("key", "create")
    pair = stored(shop)
    swapped = f"{pair.salt}\n{pair.password}\n"
    lines = call("key", "prove", stdin=swapped, rc=Exit.SECRET_PROBLEM)
    assert code(lines) == Code.KEY_OPENS_NOTHING
    assert proofs(shop) == []


# ------------------------------------------------------------------ rotate


def test_rotation_keeps_every_older_pair(shop: Shop, call: Call) -> None:
    call("key", "create")
    pairs = [stored(shop)]
    for number in (1, 2):
        done = only(events(call("key", "rotate"), "key"))
        assert done["kept_as"] == f"tresor.key.alt-{number}"
        pairs.append(stored(shop))
        assert done["mark"] == pairs[-1].mark
    assert len({one.mark for one in pairs}) == 3
    assert [stored(shop, f"tresor.key.alt-{n}") for n in (1, 2)] == pairs[:2]
    lines = call("key", "prove", stdin=typed_off(pairs[0]), rc=Exit.SECRET_PROBLEM)
    assert code(lines) == Code.KEY_OLD
    assert only(events(lines, "error"))["params"] == {"name": "tresor.key.alt-1"}


def test_a_rotation_cut_in_half_keeps_nothing_twice(shop: Shop, call: Call) -> None:
    call("key", "create")
    store = SealedFileStore(find_home(str(shop.home)), WORD)
    store.set("tresor.key.alt-1", str(store.get("tresor.key")))
    assert only(events(call("key", "rotate"), "key"))["kept_as"] == "tresor.key.alt-1"
    assert "tresor.key.alt-2" not in store.names()


# ------------------------------------------------------------------ status, doctor, words


def test_status_and_doctor_name_a_sheet_that_is_no_proof_yet(shop: Shop, call: Call) -> None:
    call("key", "create")
    pair = stored(shop)

    def paper() -> tuple[object, object, object]:
        found = only([one for one in call("status") if "key" in one])
        return found["prints"], found["printed_at"] is not None, found["proven_at"] is not None

    def good() -> object:
        checks = call("doctor", rc=Exit.PARTLY)  # one disk alone is never 3-2-1
        return only([one for one in checks if one["check"] == "sheet tresor.key"])["good"]

    shop.copy().parent.mkdir(parents=True, exist_ok=True)
    assert (paper(), good()) == ((0, False, False), False)
    call("key", "show", "--text")
    assert (paper(), good()) == ((1, True, False), False)
    call("key", "prove", stdin=typed_off(pair))
    assert (paper(), good()) == ((1, True, True), True)
    call("key", "rotate")
    assert paper() == (0, False, False)


def test_status_and_doctor_name_a_secret_that_is_no_pair(shop: Shop, call: Call) -> None:
    call("secret", "set", "platte.key", stdin="geheim-1234-geheim")
    found = only([one for one in call("status") if "key" in one])
    assert (found["key"], found["mark"], found["prints"]) == ("platte.key", None, 0)
    checks = call("doctor", rc=Exit.PARTLY)
    assert not only([one for one in checks if one["check"] == "sheet platte.key"])["good"]


@pytest.mark.parametrize(("lang", "word"), [("de", "Das Blatt stimmt"), ("en", "sheet is right")])
def test_in_words(
    lang: str,
    word: str,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def say(*args: str, stdin: str = "") -> str:
        monkeypatch.setenv(PASSPHRASE, WORD)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        run_here(["--lang", lang, "--home", str(shop.home), *args])
        out, err = capfd.readouterr()
        return out + err

    assert "tresor.key" in say("key", "create")
    pair = stored(shop)
    assert pair.password in say("key", "show")
    said = [
        say("key", "show", "--pdf", str(shop.root / "b.pdf")),
        say("status"),
        say("key", "prove", stdin=f"{pair.password[:-1]}\n{pair.salt}\n{checksum_line(pair)}"),
        say("key", "prove", stdin=typed_off(pair)),
        say("key", "rotate"),
    ]
    assert word in said[3]
    assert not any(line in "".join(said) for line in (pair.password, pair.salt))


def test_at_a_terminal_each_line_is_asked_for(
    shop: Shop, call: Call, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    call("key", "create")
    monkeypatch.setenv(PASSPHRASE, WORD)
    ours, theirs = pty.openpty()
    os.write(ours, typed_off(stored(shop)).encode())
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        got = run_here(["--home", str(shop.home), "key", "prove"])
    os.close(ours)
    out = capfd.readouterr().out
    assert got == 0, out
    assert "Zeile 1" in out


def test_the_lines_are_found_nowhere(shop: Shop, call: Call) -> None:
    """A whole life of a key: nothing of it in home, folders, messages or temporary files."""
    call("key", "create")
    first = stored(shop)
    call("key", "show", "--text", "--place", "Tresor")
    call("key", "prove", stdin=typed_off(first))
    call("key", "prove", stdin=first.password, rc=Exit.SECRET_PROBLEM)
    call("key", "prove", stdin=f"{first.salt}\n{first.password}", rc=Exit.SECRET_PROBLEM)
    call("key", "rotate")
    second = stored(shop)
    call("key", "prove", stdin=typed_off(first), rc=Exit.SECRET_PROBLEM)
    call("status")
    for pair in (first, second):
        for line in (pair.password, pair.salt, checksum_line(pair)):
            assert find_secret(shop.root, line) == []
