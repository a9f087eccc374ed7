"""Secrets in the keyring of the operating system, and only in one that really keeps them.

`keyring` itself takes any backend it can find, a file in plain text among them (RCLONE.md §9). So
we take none but the `allowed`, whatever PYTHON_KEYRING_BACKEND or keyringrc.cfg say.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from core import own_files
from core.errors import Code, KnownError
from core.paths import Home
from core.secrets import files
from core.secrets.port import check_name, check_value, is_name

LONGEST = 1280
"""Windows keeps 2560 bytes of UTF-16; held everywhere, so that all keyrings take the same."""
TIME_LIMIT = 60.0
"""Seconds; long enough for a person to unlock the keyring when it asks for that."""

Cause = Literal["absent", "refused", "locked", "silent", "failed"]

_USER = "ladentresor"
_LOCKED = ("KeyringLocked", "LockedException", "PromptDismissedException")
_HEADING = "# Was Ladentresor im Schlüsselbund dieses PCs abgelegt hat (nur die Namen)\n"

_T = TypeVar("_T")


class Ring(Protocol):
    """What we use of a `keyring.backend.KeyringBackend`."""

    def get_password(self, service: str, username: str, /) -> str | None: ...

    def set_password(self, service: str, username: str, password: str, /) -> None: ...

    def delete_password(self, service: str, username: str, /) -> None: ...


def allowed() -> tuple[Any, ...]:
    """The classes of keyrings that we take; their module costs a third of a second to import."""
    from keyring.backends import SecretService, Windows, kwallet, macOS

    return (
        Windows.WinVaultKeyring,
        macOS.Keyring,
        SecretService.Keyring,
        kwallet.DBusKeyring,
        kwallet.DBusKeyringKWallet4,
    )


def find_ring() -> Ring | None:
    """The best of the allowed keyrings that is there."""
    found: list[tuple[float, Any]] = []
    for kind in allowed():
        try:
            found.append((float(kind.priority), kind))
        except Exception:  # noqa: BLE001, S112 - how each of them says that it is not here
            continue
    if not found:
        return None
    ring: Ring = max(found, key=lambda pair: pair[0])[1]()
    return ring


def noted_names(home: Home) -> tuple[str, ...]:
    """The names of what this home keeps in the keyring, in order; no keyring need be there."""
    text = (own_files.read(_names_file(home)) or b"").decode("utf-8", "replace")
    return tuple(sorted({line for line in text.split("\n") if is_name(line)}))


def _names_file(home: Home) -> Path:
    return home.config / "geheimnisse.txt"


class KeyringStore:
    """Secrets in the keyring, one service per secret; the names stand in a file of the home.

    Every question is asked in a thread of its own with a time limit: a locked keyring may wait for
    a person who is not there. KnownError SECRET_STORE_MISSING, `cause` says why.
    """

    def __init__(self, home: Home, ring: Ring | None = None, limit: float = TIME_LIMIT) -> None:
        self._home = home
        self._limit = limit
        self._silent = False
        # Homes of one user share the keyring: each has its own entries there.
        place = os.path.normcase(os.path.realpath(home.config))
        mark = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        self._prefix = f"Ladentresor/{mark}"
        found = self._ask(find_ring) if ring is None else ring
        if found is None:
            raise _missing("absent")
        if type(found) not in allowed():
            raise _missing("refused")
        self._ring = found

    @property
    def kind(self) -> Literal["keyring", "file"]:
        """Where the values lie."""
        return "keyring"

    def self_test(self) -> None:
        """Write, read and delete a value of no meaning; KnownError when it does not come back."""
        ring, value = self._ring, os.urandom(16).hex()
        service = f"{self._prefix}/selbsttest-{os.urandom(8).hex()}"

        def test() -> bool:
            ring.set_password(service, _USER, value)
            try:
                same = ring.get_password(service, _USER) == value
            finally:
                ring.delete_password(service, _USER)
            return same and ring.get_password(service, _USER) is None

        if not self._ask(test):
            raise _missing("failed")

    def get(self, name: str) -> str | None:
        """The value; None when there is none."""
        check_name(name)
        ring, service = self._ring, self._service(name)
        return self._ask(lambda: ring.get_password(service, _USER))

    def set(self, name: str, value: str) -> None:
        """Keep a value. The name is noted first: no value lies in the keyring unnamed."""
        check_name(name)
        check_value(name, value, longest=LONGEST)
        ring, service = self._ring, self._service(name)

        def keep() -> bool:
            ring.set_password(service, _USER, value)
            return ring.get_password(service, _USER) == value

        with files.alone(self._home):
            before = self.names()
            self._note({*before, name})
            try:
                if not self._ask(keep):
                    raise _missing("failed")
            except KnownError:
                if not self._silent:  # else it may still be written when somebody unlocks it
                    self._note(before)
                raise

    def forget(self, name: str) -> bool:
        """Delete name and value; whether there was one."""
        check_name(name)
        ring, service = self._ring, self._service(name)

        def delete() -> bool:
            if ring.get_password(service, _USER) is None:
                return False
            ring.delete_password(service, _USER)
            return True

        with files.alone(self._home):
            before = self.names()
            was_there = self._ask(delete)
            if name in before:
                self._note({*before} - {name})
        return was_there or name in before

    def names(self) -> tuple[str, ...]:
        """All names, in order; the keyring is not asked."""
        return noted_names(self._home)

    def _note(self, names: Iterable[str]) -> None:
        lines = "".join(f"{name}\n" for name in sorted(names))
        own_files.replace(_names_file(self._home), (_HEADING + lines).encode())

    def _service(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _ask(self, question: Callable[[], _T]) -> _T:
        """The answer of the keyring within the time limit."""
        if self._silent:
            raise _missing("silent")
        good: list[_T] = []
        bad: list[str] = []
        done = threading.Event()

        def ask() -> None:
            try:
                good.append(question())
            except Exception as error:  # noqa: BLE001 - of many libraries; may quote the value
                bad.extend(kind.__name__ for kind in type(error).__mro__)
            finally:
                done.set()

        threading.Thread(target=ask, name="keyring", daemon=True).start()
        if not done.wait(self._limit):
            self._silent = True
            raise _missing("silent")
        if good:
            return good[0]
        if "NoKeyringError" in bad:
            raise _missing("absent")
        raise _missing("locked" if any(name in bad for name in _LOCKED) else "failed")


def _missing(cause: Cause) -> KnownError:
    return KnownError(Code.SECRET_STORE_MISSING, cause=cause)
