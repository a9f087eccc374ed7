"""Secrets: kept where they are safe or not at all, and never anywhere in plain."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Code, Exit, KnownError
from core.paths import Home
from core.secrets import SecretStore, check_name, choose_store, keyring_store, sealed_file
from core.secrets.keyring_store import KeyringStore
from core.secrets.sealed_file import Cost, SealedFileStore
from tests.conftest import PROJECT
from tests.support.secrets_search import find_secret

PASSPHRASE = "Küchenschelle-9041-Übung"
VALUE = "k7f3-m2qx-9w4t-zr8p\nh5dn-c3vb-6y2s-tj7a"
CHEAP = Cost(10, 8, 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "config", tmp_path / "state", tmp_path / "cache")


@pytest.fixture(autouse=True)
def _cheap_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "COST", CHEAP)


@dataclasses.dataclass
class Memory:
    """A keyring as Windows has it: 2560 bytes of UTF-16 and not one more."""

    entries: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    written: list[str] = dataclasses.field(default_factory=list)

    def get_password(self, service: str, username: str, /) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str, /) -> None:
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "CredWrite", "The stub received bad data")
        self.entries[service, username] = password
        self.written.append(service)

    def delete_password(self, service: str, username: str, /) -> None:
        del self.entries[service, username]


class Plaintext(Memory):
    """As in keyrings.alt: passes every test and keeps nothing secret."""


class Null(Memory):
    """Takes everything, keeps nothing."""

    def set_password(self, service: str, username: str, password: str, /) -> None:
        pass

    def delete_password(self, service: str, username: str, /) -> None:
        pass


class Cutting(Memory):
    """Keeps the beginning."""

    def set_password(self, service: str, username: str, password: str, /) -> None:
        super().set_password(service, username, password[:20])


class Failing(Memory):
    """Fails with the value in its message."""

    error: type[Exception] = RuntimeError

    def set_password(self, service: str, username: str, password: str, /) -> None:
        raise self.error(f"cannot keep {password}")


class Hanging(Memory):
    """Waits for somebody to unlock it."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = threading.Event()

    def get_password(self, service: str, username: str, /) -> str | None:
        self.unlocked.wait()
        return super().get_password(service, username)


@pytest.fixture
def all_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = (Memory, Null, Cutting, Failing, Hanging)
    monkeypatch.setattr(keyring_store, "allowed", lambda: kinds)


@pytest.fixture
def keyring(home: Home, all_rings: None) -> KeyringStore:
    return KeyringStore(home, Memory())


@pytest.fixture
def hanging(home: Home, all_rings: None) -> Iterator[KeyringStore]:
    ring = Hanging()
    yield KeyringStore(home, ring, limit=0.1)
    ring.unlocked.set()


@pytest.fixture
def sealed(home: Home) -> SealedFileStore:
    return SealedFileStore(home, PASSPHRASE)


@pytest.fixture(params=["keyring", "file"])
def store(request: pytest.FixtureRequest) -> SecretStore:
    name = "keyring" if request.param == "keyring" else "sealed"
    found: SecretStore = request.getfixturevalue(name)
    return found


def code_of(info: pytest.ExceptionInfo[KnownError]) -> Code:
    """The code; neither message nor cause may hold the value."""
    assert info.value.exit in (Exit.SECRET_PROBLEM, Exit.HOME_PROBLEM, Exit.NEWER_FORMAT)
    error: BaseException | None = info.value
    while error is not None:
        assert VALUE not in str(error)
        error = error.__cause__
    return info.value.code


def cause_of(info: pytest.ExceptionInfo[KnownError]) -> str | int:
    assert code_of(info) is Code.SECRET_STORE_MISSING
    return info.value.params["cause"]


# ------------------------------------------------------------------ both stores


def test_what_is_kept_comes_back(store: SecretStore) -> None:
    assert store.names() == ()
    assert store.get("platte.key") is None
    store.set("platte.key", VALUE)
    store.set("1und1.smtp", "ü€𝄞 ")
    assert store.get("platte.key") == VALUE
    assert store.get("1und1.smtp") == "ü€𝄞 "
    assert store.names() == ("1und1.smtp", "platte.key")
    store.set("platte.key", "neu")
    assert store.get("platte.key") == "neu"
    assert store.forget("platte.key")
    assert not store.forget("platte.key")
    assert store.get("platte.key") is None
    assert store.names() == ("1und1.smtp",)


@pytest.mark.parametrize("name", ["", "A", "ä", "-a", ".a", "a b", "a/b", "a\n", "a_b", "a" * 62])
def test_what_cannot_be_a_name(store: SecretStore, name: str) -> None:
    for act in (store.get, store.forget, lambda name: store.set(name, "x")):
        with pytest.raises(KnownError) as info:
            act(name)
        assert code_of(info) is Code.SECRET_NAME
    assert store.names() == ()


def test_what_can_be_a_name() -> None:
    for name in ("a", "0", "platte.key", "a-b.c", "a" * 61):
        check_name(name)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", Code.SECRET_EMPTY),
        (" \t\n", Code.SECRET_EMPTY),
        ("a\0b", Code.SECRET_NOT_TEXT),
        ("a\udcff", Code.SECRET_NOT_TEXT),
        ("a" * 65_537, Code.SECRET_TOO_LONG),
    ],
)
def test_what_cannot_be_a_value(store: SecretStore, value: str, code: Code) -> None:
    store.set("platte.key", "alt")
    with pytest.raises(KnownError) as info:
        store.set("platte.key", value)
    assert code_of(info) is code
    assert store.get("platte.key") == "alt"


def test_many_processes_lose_nothing(home: Home) -> None:
    """Two windows, one `secret set` each, at the same time."""
    program = (
        "import sys; from pathlib import Path; from core.paths import Home;"
        "from core.secrets import sealed_file as s; s.COST = s.Cost(10, 8, 1);"
        "home = Home(*map(Path, sys.argv[1:4]));"
        "[s.SealedFileStore(home, 'pw').set(f'{sys.argv[4]}-{n}', 'x') for n in range(5)]"
    )
    folders = [str(path) for path in (home.config, home.state, home.cache)]
    SealedFileStore(home, "pw").set("zero", "x")
    running = [
        subprocess.Popen([sys.executable, "-c", program, *folders, f"p{n}"], cwd=PROJECT)
        for n in range(3)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(SealedFileStore(home, "pw").names()) == 16


# ------------------------------------------------------------------ keyring


def test_windows_takes_1280_units(keyring: KeyringStore) -> None:
    keyring.set("a", "x" * 1280)
    keyring.set("b", "𝄞" * 640)
    for value in ("x" * 1281, "𝄞" * 641):
        with pytest.raises(KnownError) as info:
            keyring.set("c", value)
        assert code_of(info) is Code.SECRET_TOO_LONG
        assert info.value.params == {"name": "c", "limit": 1280}
    assert keyring.names() == ("a", "b")


def test_one_service_per_secret_and_home(
    home: Home, tmp_path: Path, keyring: KeyringStore, all_rings: None
) -> None:
    ring = Memory()
    one = KeyringStore(home, ring)
    other = KeyringStore(Home(tmp_path / "x", tmp_path / "y", tmp_path / "z"), ring)
    one.set("platte.key", "eins")
    one.set("nas.key", "zwei")
    other.set("platte.key", "drei")
    assert len({service for service, _ in ring.entries}) == 3
    assert (one.get("platte.key"), other.get("platte.key")) == ("eins", "drei")
    again = KeyringStore(home, ring)
    assert again.get("nas.key") == "zwei"
    assert again.names() == ("nas.key", "platte.key")


def test_the_file_of_names_holds_names_only(home: Home, keyring: KeyringStore) -> None:
    keyring.set("platte.key", VALUE)
    text = (home.config / "geheimnisse.txt").read_text(encoding="utf-8")
    assert text.splitlines()[1:] == ["platte.key"]
    for line in VALUE.splitlines():
        assert find_secret(home.config.parent, line) == []


def test_a_damaged_file_of_names_is_read_as_far_as_it_goes(
    home: Home, keyring: KeyringStore
) -> None:
    keyring.set("platte.key", "x")
    with (home.config / "geheimnisse.txt").open("ab") as file:
        file.write(b"\xff\xfe\0\nnas.key\r\nb.key\n")
    assert keyring.names() == ("b.key", "platte.key")


def test_self_test_leaves_nothing(home: Home, all_rings: None) -> None:
    ring = Memory()
    store = KeyringStore(home, ring)
    store.self_test()
    store.self_test()
    assert ring.entries == {}
    assert len(set(ring.written)) == 2  # two processes at once do not meet


@pytest.mark.parametrize("ring", [Null(), Cutting(), Failing()])
def test_a_keyring_that_keeps_nothing_is_found_out(
    home: Home, all_rings: None, ring: Memory
) -> None:
    store = KeyringStore(home, ring)
    with pytest.raises(KnownError) as info:
        store.self_test()
    assert cause_of(info) == "failed"
    with pytest.raises(KnownError) as info:
        store.set("platte.key", VALUE)
    assert cause_of(info) == "failed"
    assert store.names() == ()


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("KeyringLocked", "locked"),
        ("NoKeyringError", "absent"),
        ("PasswordSetError", "failed"),
        ("InitError", "failed"),
    ],
)
def test_what_a_keyring_says(home: Home, all_rings: None, name: str, cause: str) -> None:
    import keyring.errors

    ring = Failing()
    ring.error = getattr(keyring.errors, name)
    store = KeyringStore(home, ring)
    with pytest.raises(KnownError) as info:
        store.set("platte.key", VALUE)
    assert cause_of(info) == cause


def test_a_library_below_says_locked(home: Home, all_rings: None) -> None:
    import secretstorage

    ring = Failing()
    for error in (secretstorage.LockedException, secretstorage.PromptDismissedException):
        ring.error = error
        with pytest.raises(KnownError) as info:
            KeyringStore(home, ring).self_test()
        assert cause_of(info) == "locked"


def test_a_hanging_keyring_is_waited_for_once(hanging: KeyringStore) -> None:
    for _ in range(3):
        with pytest.raises(KnownError) as info:
            hanging.get("platte.key")
        assert cause_of(info) == "silent"
    assert sum(thread.name == "keyring" for thread in threading.enumerate()) == 1


def test_what_a_hanging_keyring_may_still_take_is_named(hanging: KeyringStore) -> None:
    with pytest.raises(KnownError) as info:
        hanging.set("platte.key", VALUE)
    assert cause_of(info) == "silent"
    assert hanging.names() == ("platte.key",)


@pytest.mark.parametrize("ring", [Plaintext(), Memory(), Null()])
def test_only_keyrings_of_the_list_are_taken(home: Home, ring: Memory) -> None:
    with pytest.raises(KnownError) as info:
        KeyringStore(home, ring)
    assert cause_of(info) == "refused"


def test_the_list() -> None:
    found = {f"{kind.__module__}.{kind.__qualname__}" for kind in keyring_store.allowed()}
    assert found == {
        "keyring.backends.Windows.WinVaultKeyring",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
    }


class _Kind:
    """A class of keyrings with its priority, or an error in its place."""

    def __init__(self, priority: Any) -> None:
        self._priority = priority

    @property
    def priority(self) -> Any:
        if isinstance(self._priority, Exception):
            raise self._priority
        return self._priority

    def __call__(self) -> _Kind:
        return self


def test_the_best_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    best = _Kind(5.1)
    kinds = (_Kind(RuntimeError("Requires Windows")), _Kind(5), best, _Kind(OSError("no bus")))
    monkeypatch.setattr(keyring_store, "allowed", lambda: kinds)
    found: object = keyring_store.find_ring()
    assert found is best
    monkeypatch.setattr(keyring_store, "allowed", lambda: kinds[:1])
    assert keyring_store.find_ring() is None


# ------------------------------------------------------------------ sealed file


def test_the_sealed_file(home: Home, sealed: SealedFileStore) -> None:
    old = os.umask(0)
    try:
        sealed.set("platte.key", VALUE)
    finally:
        os.umask(old)
    assert stat.S_IMODE(sealed.path.stat().st_mode) == 0o600
    assert sealed.path.parent == home.config
    for word in (PASSPHRASE, VALUE, *VALUE.split("\n"), "platte.key"):
        assert find_secret(home.config.parent, word) == []
    again = SealedFileStore(home, PASSPHRASE)
    assert again.get("platte.key") == VALUE


def test_the_passphrase_may_come_decomposed(home: Home, sealed: SealedFileStore) -> None:
    """A Mac types ü as two characters."""
    sealed.set("platte.key", "x")
    assert SealedFileStore(home, PASSPHRASE.replace("ü", "u\u0308")).get("platte.key") == "x"


def test_a_wrong_passphrase_changes_nothing(home: Home, sealed: SealedFileStore) -> None:
    sealed.set("platte.key", VALUE)
    before = sealed.path.read_bytes()
    wrong = SealedFileStore(home, PASSPHRASE + " ")
    for act in (
        wrong.names,
        lambda: wrong.get("platte.key"),
        lambda: wrong.set("platte.key", "x"),
        lambda: wrong.forget("platte.key"),
    ):
        with pytest.raises(KnownError) as info:
            act()
        assert code_of(info) is Code.SECRET_WRONG_PASSPHRASE
    assert sealed.path.read_bytes() == before


def test_every_flipped_bit_and_every_cut_is_damage(sealed: SealedFileStore) -> None:
    sealed.set("platte.key", VALUE)
    whole = sealed.path.read_bytes()
    spoiled = [whole[:n] for n in range(len(whole))] + [whole + b"\0"]
    for n in range(len(whole)):
        flipped = bytearray(whole)
        flipped[n] ^= 1 << n % 8
        spoiled.append(bytes(flipped))
    for data in spoiled:
        sealed.path.write_bytes(data)
        with pytest.raises(KnownError) as info:
            sealed.get("platte.key")
        assert code_of(info) is Code.SECRET_STORE_DAMAGED
        with pytest.raises(KnownError):
            sealed.set("platte.key", "x")
        assert sealed.path.read_bytes() == data


def redigested(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


def test_what_somebody_changed_on_purpose_is_not_believed(sealed: SealedFileStore) -> None:
    """With the digest made anew only the tag can tell; it cannot tell damage from passphrase."""
    sealed.set("platte.key", VALUE)
    whole = sealed.path.read_bytes()
    for n in (11, 12, 30, 45, len(whole) - 33):
        body = bytearray(whole[:-32])
        body[n] ^= 1
        sealed.path.write_bytes(redigested(bytes(body)))
        with pytest.raises(KnownError) as info:
            sealed.get("platte.key")
        assert code_of(info) in (Code.SECRET_WRONG_PASSPHRASE, Code.SECRET_STORE_DAMAGED)


def test_a_newer_file_is_left_alone(sealed: SealedFileStore) -> None:
    sealed.set("platte.key", VALUE)
    body = bytearray(sealed.path.read_bytes()[:-32])
    body[8] = 2
    sealed.path.write_bytes(redigested(bytes(body)))
    with pytest.raises(KnownError) as info:
        sealed.set("platte.key", "x")
    assert code_of(info) is Code.HOME_NEWER


def test_no_file_makes_us_compute_for_hours(sealed: SealedFileStore) -> None:
    sealed.set("platte.key", VALUE)
    for at, value in ((9, 40), (10, 255), (11, 255), (9, 0), (10, 0)):
        body = bytearray(sealed.path.read_bytes()[:-32])
        body[at] = value
        data = redigested(bytes(body))
        old = sealed.path.read_bytes()
        sealed.path.write_bytes(data)
        with pytest.raises(KnownError) as info:
            SealedFileStore(sealed_home(sealed), PASSPHRASE).names()
        assert code_of(info) is Code.SECRET_STORE_DAMAGED
        sealed.path.write_bytes(old)


def sealed_home(store: SealedFileStore) -> Home:
    root = store.path.parent.parent
    return Home(root / "config", root / "state", root / "cache")


@given(st.binary(max_size=200))
def test_any_bytes_are_judged(data: bytes) -> None:
    store = SealedFileStore(Home(Path("/x"), Path("/y"), Path("/z")), PASSPHRASE)
    cheap = b"LTGEHEIM\1" + bytes(CHEAP)
    for one in (data, redigested(data), redigested(cheap + data)):
        with pytest.raises(KnownError):
            store._unseal(one)


def test_each_writing_has_its_own_nonce(sealed: SealedFileStore) -> None:
    seen = set()
    for _ in range(20):
        sealed.set("platte.key", VALUE)
        seen.add(sealed.path.read_bytes()[28:40])
    assert len(seen) == 20


@pytest.mark.parametrize("dies_before", ["replace", "fsync"])
def test_killed_between_writing_and_replacing(
    home: Home, sealed: SealedFileStore, dies_before: str
) -> None:
    sealed.set("platte.key", "alt")
    program = (
        "import os, sys; from pathlib import Path; from core.paths import Home;"
        "from core.secrets import sealed_file as s;"
        f"os.{dies_before} = lambda *args, **more: os._exit(9);"
        "s.SealedFileStore(Home(*map(Path, sys.argv[1:4])), sys.argv[4]).set('platte.key', 'neu')"
    )
    folders = [str(path) for path in (home.config, home.state, home.cache)]
    ended = subprocess.run(
        [sys.executable, "-c", program, *folders, PASSPHRASE], cwd=PROJECT, check=False
    )
    assert ended.returncode == 9
    assert sealed.get("platte.key") == "alt"
    draft = home.config / "geheimnisse.lt.neu"
    assert stat.S_IMODE(draft.stat().st_mode) == 0o600
    sealed.set("platte.key", "neu")
    assert sealed.get("platte.key") == "neu"
    assert not draft.exists()


def test_a_full_disk_leaves_the_old_file(
    home: Home, sealed: SealedFileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed.set("platte.key", "alt")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(KnownError) as info:
            sealed.set("platte.key", "neu")
    assert code_of(info) is Code.HOME_FULL
    assert sealed.get("platte.key") == "alt"
    assert [path.name for path in home.config.iterdir()] == ["geheimnisse.lt"]


def test_a_planted_link_is_not_followed(home: Home, sealed: SealedFileStore) -> None:
    sealed.set("platte.key", "x")
    victim = home.config / "fremd"
    victim.write_text("bleibt")
    (home.config / "geheimnisse.lt.neu").symlink_to(victim)
    sealed.set("platte.key", "y")
    assert victim.read_text() == "bleibt"
    assert not sealed.path.is_symlink()


def test_a_home_that_cannot_be_used_is_said(home: Home, sealed: SealedFileStore) -> None:
    home.config.mkdir()
    sealed.path.mkdir()
    with pytest.raises(KnownError) as info:
        sealed.names()
    assert code_of(info) is Code.HOME_UNUSABLE


# ------------------------------------------------------------------ choosing


@pytest.fixture
def no_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")


def test_with_a_passphrase_it_is_the_file(home: Home) -> None:
    store = choose_store(home, PASSPHRASE)
    assert (store.kind, store.names()) == ("file", ())
    assert PASSPHRASE not in repr(store)
    assert not home.config.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a keyring")
def test_without_either_there_is_none(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_bus: None
) -> None:
    """Whatever the environment and the settings of `keyring` recommend instead."""
    with pytest.raises(KnownError) as info:
        choose_store(home, "")
    assert cause_of(info) == "absent"
    (tmp_path / "python_keyring").mkdir()
    null = "keyring.backends.null.Keyring"
    (tmp_path / "python_keyring" / "keyringrc.cfg").write_text(
        f"[backend]\ndefault-keyring={null}\n"
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", null)
    with pytest.raises(KnownError) as info:
        choose_store(home, "")
    assert cause_of(info) == "absent"


def test_a_found_keyring_is_tested_first(
    home: Home, all_rings: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_store, "find_ring", Memory)
    assert choose_store(home, "").kind == "keyring"
    monkeypatch.setattr(keyring_store, "find_ring", Null)
    with pytest.raises(KnownError) as info:
        choose_store(home, "")
    assert cause_of(info) == "failed"


def test_nothing_heavy_is_imported_before_a_secret_is_asked_for() -> None:
    program = (
        "import sys, core.cli.main;"
        "print([name for name in ('keyring', 'cryptography', 'secretstorage', 'jeepney')"
        " if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
