"""Must hold 8: secrets go in, open things, and are found nowhere: typed as a user types them."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import core.secrets
from core.cli.context import Context
from core.cli.main import PASSPHRASE as VARIABLE
from core.cli.main import run as run_here
from core.cli.output import standard_output
from core.clock import SystemClock
from core.copies.hands.pool import START_PROCESSES_FROM_FILES
from core.errors import Code, Exit, KnownError
from core.paths import Home, find_home
from core.plan.problems import PlanError, ProblemCode
from core.secrets import SecretStore, sealed_file
from core.secrets.sealed_file import Cost, SealedFileStore
from core.texts import Texts
from tests.engine.stage import Event, Shop, events, make_shop, only, refusal
from tests.support import cli, secret_service
from tests.support.secrets_search import find_secret, find_secret_in_processes, proc_exposure

WORD = "Küchenschelle-9041-Übung"
LINES = ("k7f3-m2qx-9w4t-zr8p", "h5dn-c3vb-6y2s-tj7a")
VALUE = "\n".join(LINES)
NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
OPEN = NO_BUS | {VARIABLE: WORD}

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is a keyring")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path)


def encrypt(shop: Shop) -> None:
    """Make the plan's destination an encrypted one."""
    plan = shop.home / "config" / "plan.toml"
    plan.write_text(plan.read_text().replace("encrypted = false", "encrypted = true"))


def secret(
    shop: Shop,
    *args: str,
    stdin: str = "",
    env: Mapping[str, str] = OPEN,
    rc: int = 0,
) -> list[Event]:
    """Run `secret …`; nothing it says may hold value or passphrase."""
    done = cli.run("--json", "secret", *args, home=shop.home, stdin=stdin, env=env, check=False)
    assert done.rc == rc, done.stdout + done.stderr
    for word in (WORD, *LINES):
        assert word not in done.stdout + done.stderr
    return done.lines


def kept(shop: Shop, name: str) -> str | None:
    return SealedFileStore(find_home(str(shop.home)), WORD).get(name)


# ------------------------------------------------------------------ set, list, forget


def test_set_list_forget(shop: Shop) -> None:
    assert secret(shop, "list") == []
    done = only(events(secret(shop, "set", "platte.key", stdin=VALUE + "\n"), "secret"))
    assert (done["name"], done["done"], done["store"]) == ("platte.key", "set", "file")
    secret(shop, "set", "a.smtp", stdin="x")
    assert kept(shop, "platte.key") == VALUE
    assert secret(shop, "list") == [{"secret": "a.smtp"}, {"secret": "platte.key"}]
    assert only(secret(shop, "forget", "a.smtp"))["done"] == "forgotten"
    assert only(secret(shop, "forget", "a.smtp", rc=Exit.NOTHING_DONE))["done"] == "nothing"
    assert secret(shop, "list") == [{"secret": "platte.key"}]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("de", ["hinterlegt: platte.key", "platte.key", "Gelöscht: platte.key", "kein Geheimnis"]),
        ("en", ["file: platte.key", "platte.key", "Deleted: platte.key", "No secret"]),
    ],
)
def test_in_words(shop: Shop, lang: str, said: list[str]) -> None:
    calls = [("set", "platte.key"), ("list",), ("forget", "platte.key"), ("list",)]
    for call, words in zip(calls, said, strict=True):
        done = cli.run(
            "--lang", lang, "secret", *call, home=shop.home, stdin=VALUE + "\n", env=OPEN
        )
        assert words in done.stdout
        assert done.stdout.count("\n") == 1
        assert done.stderr == ""
        assert not any(line in done.stdout for line in LINES)


def type_in(shop: Shop, raw: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run `secret set platte.key` in this process, with cheap guesses; its exit code."""
    monkeypatch.setattr(sealed_file, "COST", Cost(10, 8, 1))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    monkeypatch.setenv(VARIABLE, WORD)
    return run_here(["--json", "--home", str(shop.home), "secret", "set", "platte.key"])


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (b"x", "x"),
        (b"x\n", "x"),
        (b"x\r\n", "x"),
        (b"x\n\n", "x\n"),
        (b" x \r", " x \r"),
        (b"\xef\xbb\xbfx\r\n", "x"),  # PowerShell
        (b"a\r\nb\n", "a\r\nb"),
        ("ü€𝄞".encode(), "ü€𝄞"),
    ],
)
def test_what_counts_of_stdin(
    shop: Shop, typed: bytes, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert type_in(shop, typed, monkeypatch) == 0
    assert kept(shop, "platte.key") == value


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (b"", Code.SECRET_EMPTY),
        (b"\n", Code.SECRET_EMPTY),
        (b" \r\n", Code.SECRET_EMPTY),
        (VALUE.encode() + b"\xff", Code.SECRET_NOT_TEXT),
        (VALUE.encode() + b"\0", Code.SECRET_NOT_TEXT),
        (VALUE.encode() * 10_000, Code.SECRET_TOO_LONG),
        (b"x" * 65_537, Code.SECRET_TOO_LONG),
    ],
)
def test_what_is_refused(
    shop: Shop,
    typed: bytes,
    code: Code,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert type_in(shop, typed, monkeypatch) == Exit.SECRET_PROBLEM
    said = capsys.readouterr()
    assert not any(line in said.out + said.err for line in LINES)
    refusal([json.loads(line) for line in said.out.splitlines()], code)
    assert kept(shop, "platte.key") is None


def test_refusals_of_name_passphrase_and_file(shop: Shop) -> None:
    bad = Exit.SECRET_PROBLEM
    for verb in ("set", "forget"):
        refusal(secret(shop, verb, "Platte", stdin="x", rc=bad), Code.SECRET_NAME)
    secret(shop, "set", "platte.key", stdin=VALUE)
    wrong = OPEN | {VARIABLE: "etwas anderes"}
    for call in (("set", "a"), ("list",), ("forget", "platte.key")):
        lines = secret(shop, *call, stdin="x", env=wrong, rc=bad)
        refusal(lines, Code.SECRET_WRONG_PASSPHRASE)
    file = shop.home / "config" / "geheimnisse.lt"
    file.write_bytes(file.read_bytes()[:-1])
    refusal(secret(shop, "list", rc=bad), Code.SECRET_STORE_DAMAGED)


@linux
def test_without_keyring_and_passphrase_nothing_is_kept(shop: Shop) -> None:
    for env in (NO_BUS, NO_BUS | {VARIABLE: ""}):
        for call in (("set", "platte.key"), ("list",), ("forget", "platte.key")):
            lines = secret(shop, *call, stdin=VALUE, env=env, rc=Exit.SECRET_PROBLEM)
            error = refusal(lines, Code.SECRET_STORE_MISSING)
            assert error["params"] == {"cause": "absent"}
    for line in LINES:
        assert find_secret(shop.home, line) == []


# ------------------------------------------------------------------ at a terminal


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal: the person's, the program's."""
    person, program = pty.openpty()
    yield person, program
    for end in (person, program):
        os.close(end)


def at_terminal(shop: Shop, person: int, program: int, typed: bytes) -> tuple[int, bytes]:
    """Start `secret set` at a terminal of its own, type when asked; exit code, what was seen."""
    command = ["setsid", "--ctty", sys.executable, "-m", "core", "--home", str(shop.home)]
    process = subprocess.Popen(
        [*command, "secret", "set", "platte.key"],
        env=os.environ | OPEN | {"PYTHONPATH": str(cli.ROOT), "PYTHONUTF8": "1"},
        stdin=program,
        stdout=program,
        stderr=program,
    )
    seen = b""
    try:
        while b"platte.key" not in seen:
            seen += os.read(person, 1000)
        time.sleep(0.2)  # the echo is switched off before the question; be sure
        os.write(person, typed)
        rc = process.wait(30)
    finally:
        process.kill()
        process.wait()
    os.set_blocking(person, False)
    try:
        seen += os.read(person, 10_000)
    except BlockingIOError:
        pass
    return rc, seen


def test_typed_at_a_terminal_it_is_not_seen(shop: Shop, terminal: tuple[int, int]) -> None:
    rc, seen = at_terminal(shop, *terminal, LINES[0].encode() + b"\n")
    assert rc == 0, seen
    assert LINES[0].encode() not in seen
    assert kept(shop, "platte.key") == LINES[0]


def test_ctrl_c_at_the_question_ends_it(shop: Shop, terminal: tuple[int, int]) -> None:
    rc, seen = at_terminal(shop, *terminal, b"k7f3\x03")
    assert rc == Exit.CANCELLED, seen
    assert b"Abgebrochen" in seen
    assert kept(shop, "platte.key") is None


def test_ctrl_c_while_stdin_waits_ends_it(shop: Shop) -> None:
    with cli.start("secret", "set", "platte.key", home=shop.home, env=OPEN) as running:
        time.sleep(1.5)
        running.kill_group(signal.SIGINT)
        assert running.process.wait(10) == Exit.CANCELLED


# ------------------------------------------------------------------ nowhere in plain


def test_value_and_passphrase_are_found_nowhere(shop: Shop) -> None:
    """A whole day with processes that read: argv, their environment, every file, every word."""
    with cli.start("secret", "set", "platte.key", home=shop.home, env=OPEN) as running:
        time.sleep(0.5)
        for word in (WORD, *LINES):
            assert find_secret_in_processes(running.pid, word, environ=False) == []
        out, err = running.process.communicate(VALUE + "\n", timeout=60)
        assert running.process.returncode == 0, err
    said = out + err
    for number in range(START_PROCESSES_FROM_FILES + 500):
        (shop.source / f"{number}.txt").write_bytes(os.urandom(2000))
    children: set[int] = set()
    with cli.start("--json", "backup", home=shop.home, env=OPEN) as running:
        while running.process.poll() is None:
            children |= proc_exposure(running.pid).keys() - {running.pid}
            for word in (WORD, *LINES):
                # What it was started with stays readable to its own user as long as it lives, and
                # in a child until that has begun its own program: so a find must last.
                own = f"{running.pid} environ:"
                found = set(find_secret_in_processes(running.pid, word))
                if {one for one in found if not one.startswith(own)}:
                    time.sleep(0.3)
                    found &= set(find_secret_in_processes(running.pid, word))
                assert [one for one in found if not one.startswith(own)] == []
        out, err = running.process.communicate()
        assert running.process.returncode == 0, err
    assert children, "no reading process was seen"
    said += out + err
    for call in (("status",), ("doctor",), ("verify", "--full"), ("plan", "show")):
        done = cli.run(*call, home=shop.home, env=OPEN, check=False)
        said += done.stdout + done.stderr
    (shop.root / "gesagt.txt").write_text(said, encoding="utf-8")
    for word in (WORD, *LINES):
        assert find_secret(shop.root, word) == []


def test_a_report_of_our_own_mistake_holds_neither(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(home: Home, passphrase: str) -> SecretStore:
        raise RuntimeError(f"{passphrase} {VALUE}")

    monkeypatch.setattr(core.secrets, "choose_store", broken)
    monkeypatch.setenv(VARIABLE, WORD)
    assert run_here(["--home", str(shop.home), "secret", "list"]) == Exit.BUG
    assert VARIABLE not in os.environ
    said = capsys.readouterr()
    assert "RuntimeError" in said.err
    for word in (WORD, *LINES):
        assert word not in said.err + said.out


def test_the_context_does_not_show_the_passphrase(shop: Shop) -> None:
    context = here(shop, WORD)
    assert WORD not in repr(context)
    assert context.secrets() is context.secrets()


# ------------------------------------------------------------------ plan


def here(shop: Shop, passphrase: str = "") -> Context:
    texts = Texts("de")
    output = standard_output(texts, as_json=True)
    home = find_home(str(shop.home))
    return Context(home, SystemClock(), output, texts, lambda: False, passphrase)


def codes(info: pytest.ExceptionInfo[PlanError]) -> list[ProblemCode]:
    return [problem.code for problem in info.value.problems]


def unusable(home: Home, passphrase: str) -> SecretStore:
    raise KnownError(Code.SECRET_STORE_MISSING, cause="locked")


def test_a_plain_plan_asks_for_no_secret(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.secrets, "choose_store", unusable)
    assert here(shop).plan().destinations
    encrypt(shop)
    with pytest.raises(KnownError) as refused:
        here(shop).plan()
    assert refused.value.code is Code.SECRET_STORE_MISSING


@linux
def test_a_plain_plan_runs_where_no_secret_can_be_kept(shop: Shop) -> None:
    (shop.source / "a.txt").write_text("a")
    for call in (("plan", "check"), ("backup",), ("status",)):
        cli.run(*call, home=shop.home, env=NO_BUS)


def test_an_encrypted_destination_needs_its_secret(shop: Shop) -> None:
    encrypt(shop)
    with pytest.raises(PlanError) as info:
        here(shop, WORD).plan()
    assert ProblemCode.SECRET_MISSING in codes(info)
    secret(shop, "set", "platte.key", stdin=VALUE)
    assert here(shop, WORD).plan().destinations[0].encrypted


def test_what_is_wrong_with_the_plan_comes_before_the_store(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypt(shop)
    plan = shop.home / "config/plan.toml"
    good = plan.read_text("utf-8")
    plan.write_text(good.replace("version = 1", "version = 1\nunfug = 1"), "utf-8")
    asked = []

    def counting(home: Home, passphrase: str) -> SecretStore:
        asked.append(home)
        return unusable(home, passphrase)

    monkeypatch.setattr(core.secrets, "choose_store", counting)
    with pytest.raises(PlanError) as info:
        here(shop).plan()
    assert ProblemCode.SECRET_MISSING not in codes(info)
    plan.write_text(good, "utf-8")
    with pytest.raises(KnownError) as refused:
        here(shop).plan()
    assert refused.value.code is Code.SECRET_STORE_MISSING
    assert len(asked) == 2


# ------------------------------------------------------------------ doctor


def doctor(shop: Shop, env: Mapping[str, str]) -> tuple[bool, str]:
    done = cli.run("--json", "doctor", home=shop.home, env=env, check=False)
    line = only([line for line in done.lines if line["check"] == "secrets"])
    return line["good"], line["text"]


@linux
def test_doctor_without_a_store(shop: Shop) -> None:
    good, text = doctor(shop, NO_BUS)
    assert good
    assert "keinen Schlüsselbund" in text
    encrypt(shop)
    good, text = doctor(shop, NO_BUS)
    assert not good
    assert text.endswith("keinen Schlüsselbund")


def test_doctor_with_the_file(shop: Shop) -> None:
    secret(shop, "set", "platte.key", stdin=VALUE)
    assert doctor(shop, OPEN) == (True, "Geheimnisse: 1 in einer verschlüsselten Datei")
    good, text = doctor(shop, OPEN | {VARIABLE: "falsch"})
    assert not good
    assert "mit diesem Kennwort" in text


# ------------------------------------------------------------------ a real bus


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[dict[str, str]]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("needs dbus-daemon")
    with secret_service.session_bus(tmp_path) as env:
        yield env


@pytest.fixture(params=["stand-in", "gnome-keyring"])
def secret_bus(
    request: pytest.FixtureRequest, bus: dict[str, str], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """A session bus with an open keyring: ours for tests, and GNOME's where it is installed."""
    if request.param == "stand-in":
        with secret_service.stand_in(bus):
            yield bus
        return
    if shutil.which("gnome-keyring-daemon") is None:
        pytest.skip("needs gnome-keyring")
    folder = tmp_path / "gnome"
    folder.mkdir()
    secret_service.start_gnome_keyring(bus, folder)
    yield bus


@linux
def test_in_the_keyring(shop: Shop, secret_bus: dict[str, str]) -> None:
    def ask(*args: str, stdin: str = "", rc: int = 0) -> list[Event]:
        return secret(shop, *args, stdin=stdin, env=secret_bus, rc=rc)

    assert doctor(shop, secret_bus) == (True, "Geheimnisse: 0 im Schlüsselbund dieses PCs")
    assert only(ask("set", "platte.key", stdin=VALUE + "\n"))["store"] == "keyring"
    ask("set", "a.smtp", stdin="ü")
    assert ask("list") == [{"secret": "a.smtp"}, {"secret": "platte.key"}]
    refusal(ask("set", "b", stdin="x" * 1281, rc=Exit.SECRET_PROBLEM), Code.SECRET_TOO_LONG)
    encrypt(shop)
    done = cli.run("--json", "plan", "check", home=shop.home, env=secret_bus, check=False)
    assert [line["code"] for line in events(done.lines, "problem")] == []
    ask("forget", "platte.key")
    done = cli.run("--json", "plan", "check", home=shop.home, env=secret_bus, check=False)
    assert "secret_missing" in [line["code"] for line in events(done.lines, "problem")]
    ask("forget", "platte.key", rc=Exit.NOTHING_DONE)
    assert ask("list") == [{"secret": "a.smtp"}]
    for line in LINES:
        assert find_secret(shop.home, line) == []
    # a passphrase goes before the keyring
    assert secret(shop, "list", env=secret_bus | {VARIABLE: WORD}) == []


@linux
def test_a_locked_keyring(shop: Shop, bus: dict[str, str]) -> None:
    with secret_service.stand_in(bus, "locked"):
        lines = secret(shop, "set", "platte.key", stdin=VALUE, env=bus, rc=Exit.SECRET_PROBLEM)
        assert refusal(lines, Code.SECRET_STORE_MISSING)["params"] == {"cause": "locked"}
        good, text = doctor(shop, bus)
    assert good
    assert "gesperrt (gebraucht" in text


@linux
def test_a_bus_with_nobody_on_it(shop: Shop, bus: dict[str, str]) -> None:
    lines = secret(shop, "list", env=bus, rc=Exit.SECRET_PROBLEM)
    assert refusal(lines, Code.SECRET_STORE_MISSING)["params"] == {"cause": "absent"}
