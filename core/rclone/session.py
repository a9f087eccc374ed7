"""One rclone process for one account, and what can be asked of it.

`rclone rcd` starts in a tenth of a second, does the costly opening of an encrypted remote once and
takes any number of calls at the same time (RCLONE.md §1.6). It is asked over a socket in a folder
that only we can enter, and trusted with nothing: every call has our own limits of time, every
answer is looked at again by whoever calls.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

import filelock

from core.errors import Code, KnownError
from core.paths import home_failure
from core.rclone import errors, wire
from core.rclone.binary import check_version, find_rclone
from core.rclone.child import Child, end_leftover
from core.rclone.config_file import SECTION, ConfigFile
from core.rclone.doorway import Doorway
from core.rclone.environment import UserConfig, environment_for
from core.rclone.objects import PARTIAL, Item
from core.rclone.patience import Patience
from core.rclone.remotes import Remote, account, as_folder
from core.rclone.wire import Address, Answer

SOCKETS = sys.platform != "win32"
"""Whether a socket file is used; on Windows a port of 127.0.0.1 with a password."""

_SOCKET_PATH_BYTES = 100  # the system's limit is 104 (macOS) or 108
_FLAGS = (
    *("--rc-serve", "--use-json-log", "--log-level", "NOTICE", "--ask-password=false"),
    # Names are new (callers see to that): no looking whether the object is there already.
    *("--no-check-dest", "--ignore-times", "--multi-thread-streams", "0"),
    *("--retries", "1", "--low-level-retries", "3", "--contimeout", "15s", "--timeout", "60s"),
    # rclone reads 16 MiB ahead by itself: 50 MB more memory, no gain from a local disk, and bytes
    # that count as moved before they are.
    *("--fast-list", "--stats", "0", "--buffer-size", "1M"),
    *("--partial-suffix", PARTIAL),
)
_TRANSFER = "operations/copyfile"
_LISTING = {"noModTime": True, "noMimeType": True}
_LAST_LINES = 100
_LOG_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """Our own patience, in seconds: rclone alone may wait for ever at a frozen server."""

    start: float = 20.0
    """until the process answers"""
    answer: float = 120.0
    """for any call without progress; rclone gives up by itself sooner on most servers"""
    look: float = 2.0
    """between two looks at the progress of a call"""


def _never() -> bool:
    return False


_Words = ParamSpec("_Words")
_Result = TypeVar("_Result")


def _patiently(
    ask: Callable[Concatenate[Session, _Words], _Result],
) -> Callable[Concatenate[Session, _Words], _Result]:
    """Ask again as long as the session's patience lasts, once it has had an answer at all.

    All that is asked like this may be asked twice: names are new, and what a broken upload left
    lies at a name that nobody else takes.
    """

    @functools.wraps(ask)
    def asked(session: Session, /, *words: _Words.args, **named: _Words.kwargs) -> _Result:
        return session.with_patience(lambda: ask(session, *words, **named))

    return asked


class Session:
    """A running rclone for one account; end it with `close` or use it in `with`.

    `room` is a folder of ours; `destination` names the account in messages. Calls may come from
    several threads. `cancelled` is asked while a call is out. `tokens` keeps what rclone has to
    remember of the account, renewed tokens above all; without it all is forgotten at the end.
    `config` is the user's own rclone.conf where `remotes` lean on it.
    `patience`: go on after outages, once there has been an answer. `upload_rate` says how many
    bytes a second may go out now (None: no limit); it is asked again while calls are under way.
    KnownError: ACCOUNT_BUSY when another session works with this account, ACCOUNT_DAMAGED when
    `tokens` cannot be opened, RCLONE_MISSING, RCLONE_VERSION, RCLONE_DIED.
    """

    def __init__(
        self,
        remotes: Sequence[Remote],
        *,
        room: Path,
        destination: str,
        cancelled: Callable[[], bool] = _never,
        limits: Limits | None = None,
        tokens: ConfigFile | None = None,
        config: UserConfig | None = None,
        patience: Patience | None = None,
        upload_rate: Callable[[], int | None] | None = None,
    ) -> None:
        self._destination = destination
        self._tokens = tokens
        self._backoff = patience
        self._upload_rate = upload_rate
        self._paced: int | None = None
        self._answered = False
        self._cancelled = cancelled
        self._limits = limits or Limits()
        self._secrets = [secret for remote in remotes for secret in remote.secrets()]
        self._secrets += [config.password] if config and config.password else []
        self._lines: deque[tuple[str, str]] = deque(maxlen=_LAST_LINES)
        self._port = 0
        self._numbers = itertools.count(1)
        self._guard = threading.Lock()
        self._moving: dict[str, int] = {}
        self._moved = 0
        with contextlib.ExitStack() as ending:
            self._begin(list(remotes), room, ending, config)
            self._ending = ending.pop_all()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and clear away what it needed; calls under way end in errors."""
        self._ending.close()

    @property
    def pid(self) -> int:
        """Number of the rclone process."""
        return self._child.pid

    # -- beginning and ending ---------------------------------------------------------------------

    def _begin(
        self,
        remotes: list[Remote],
        room: Path,
        ending: contextlib.ExitStack,
        config: UserConfig | None,
    ) -> None:
        program = find_rclone()
        _make_room(room)
        tokens = self._tokens
        name = f"konto-{tokens.path.stem}" if tokens else account(remotes)
        self._take_account(room / f"{name}.lock", ending)
        record = room / f"{name}.json"
        if (left := end_leftover(record)) is not None and left.name.startswith("lt-"):
            shutil.rmtree(left, ignore_errors=True)
        folder = _folder(room)
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        self._doorway = Doorway(folder)
        user, password = secrets.token_urlsafe(12), secrets.token_urlsafe(32)
        self._secrets += [password]
        if tokens is not None:
            tokens.mend()
            self._secrets.append(tokens.password)
        place = str(folder / "rc") if SOCKETS else 0
        environment = environment_for(
            [*remotes, *self._doorway.remotes],
            os.environ,
            user=user,
            password=password,
            cache=str(folder / "cache"),
            config=UserConfig(tokens.path) if tokens else config,
        )
        listen = f"unix://{place}" if SOCKETS else "127.0.0.1:0"
        try:
            self._child = Child(
                [str(program), "rcd", "--rc-addr", listen, *_FLAGS],
                environment,
                folder=folder,
                record=record,
                on_line=self._heard,
            )
        except OSError as error:  # Windows: taken away by a virus scanner at this very moment
            raise KnownError(Code.RCLONE_MISSING, path=str(program)) from error
        ending.callback(self._child.end)
        self._address = Address(place, user, password)
        check_version(self._first_answer(program), program)
        if tokens is not None:
            self._unlock(tokens)

    def _take_account(self, path: Path, ending: contextlib.ExitStack) -> None:
        lock = filelock.FileLock(path, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise KnownError(Code.ACCOUNT_BUSY, destination=self._destination) from error
        except OSError as error:
            raise home_failure(path, error) from error
        ending.callback(lock.release)

    def _unlock(self, tokens: ConfigFile) -> None:
        """Have rclone open its configuration, or begin one that will be encrypted."""
        begun = tokens.path.exists()
        damaged = KnownError(
            Code.ACCOUNT_DAMAGED, destination=self._destination, path=str(tokens.path)
        )
        if not tokens.is_sound:
            raise damaged
        self._good(self._call("config/unlock", "", configPassword=tokens.password), "")
        listed = self._call("config/listremotes", "")
        if listed.status != 200 or (begun and SECTION not in listed.json().get("remotes", [])):
            raise damaged

    def _first_answer(self, program: Path) -> str:
        """Wait until rclone answers; its version. It says on which port only where it is one."""
        until = time.monotonic() + self._limits.start
        while True:
            if not SOCKETS and self._port:
                self._address = Address(self._port, self._address.user, self._address.password)
            try:
                if self._address.place:
                    answer = wire.exchange(
                        self._address,
                        "POST",
                        "/core/version",
                        body=b"{}",
                        wait=self._patience(until),
                    )
                    return str(answer.json().get("version", "?"))
            except wire.Gone:
                pass
            if not self._child.is_alive and self._child.never_ran:
                raise KnownError(Code.RCLONE_MISSING, path=str(program))
            if not self._child.is_alive or time.monotonic() > until:
                raise self._died()
            time.sleep(0.01)

    def _heard(self, line: bytes) -> None:
        """A line of rclone's log, in the keeper's thread."""
        try:
            entry = json.loads(line)
            said, thing = str(entry["msg"]), str(entry.get("object", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            said, thing = line.decode("utf-8", "replace").strip(), ""
        _, found, rest = said.partition("Serving remote control on http://127.0.0.1:")
        if found:
            with contextlib.suppress(ValueError):
                self._port = int(rest.strip("/ \n"))
        if said:
            self._lines.append((thing, said))

    def _died(self) -> KnownError:
        if self._cancelled():
            return KnownError(Code.CANCELLED)
        said = self._lines[-1][1] if self._lines else "?"
        cause = errors.clean(said, self._secrets)
        return KnownError(Code.RCLONE_DIED, destination=self._destination, cause=cause)

    # -- calls ------------------------------------------------------------------------------------

    def _patience(self, until: float) -> Callable[[int], None]:
        def wait(_: int) -> None:
            if self._cancelled():
                raise KnownError(Code.CANCELLED)
            if time.monotonic() > until:
                raise self._too_late("")

        return wait

    def _too_late(self, path: str) -> KnownError:
        seconds = int(self._limits.answer)
        return KnownError(
            Code.REMOTE_TIMED_OUT, destination=self._destination, path=path, cause=f"{seconds} s"
        )

    def _call(self, verb: str, path: str, **words: object) -> Answer:
        """One call; whatever comes back. KnownError when cancelled, late or without rclone."""
        group = f"lt{next(self._numbers)}"
        body = json.dumps({**words, "_group": group}).encode()
        self._keep_pace()
        with self._guard:
            self._moving[group] = 0
        try:
            watch = _Watch(self, group, path)
            try:
                return wire.exchange(self._address, "POST", f"/{verb}", body=body, wait=watch)
            except wire.Gone as error:
                raise self._died() from error
        except BaseException:
            self._stop(group)
            raise
        finally:
            self._finish(group, forget=verb == _TRANSFER)

    def with_patience(self, action: Callable[[], _Result]) -> _Result:
        """Do it, again and again as far as the session's patience goes.

        A storage that never answered is told at once: whoever waits there waits for nothing.
        """
        if self._backoff is None:
            return action()
        done = self._backoff.until_done(
            action,
            cancelled=self._cancelled,
            may_repeat=lambda: self._answered and self._child.is_alive,
        )
        self._answered = True
        return done

    def _keep_pace(self) -> None:
        """Tell rclone how fast it may send, when that has changed (only `core/bwlimit` does)."""
        if self._upload_rate is None:
            return
        wanted = self._upload_rate()
        with self._guard:
            if wanted == self._paced:
                return
            self._paced = wanted
        self._ask("core/bwlimit", rate="off" if wanted is None else f"{max(wanted, 1)}B:off")

    def _ask(self, verb: str, **words: object) -> dict[str, Any]:
        """A short question about the process itself; empty when it has no answer."""
        until = time.monotonic() + 5.0

        def wait(_: int) -> None:
            if time.monotonic() > until:
                raise wire.Gone("late")

        try:
            answer = wire.exchange(
                self._address, "POST", f"/{verb}", body=json.dumps(words).encode(), wait=wait
            )
        except wire.Gone:
            return {}
        return answer.json() if answer.status == 200 else {}

    def _stop(self, group: str) -> None:
        self._ask("job/stopgroup", group=group)

    def _finish(self, group: str, *, forget: bool) -> None:
        if forget:
            self._progress(group)
            self._ask("core/stats-delete", group=group)
        with self._guard:
            self._moved += self._moving.pop(group, 0)

    def _progress(self, group: str) -> tuple[object, ...]:
        """Numbers that change while a call gets on."""
        stats = self._ask("core/stats", group=group)
        moved = stats.get("bytes", 0)
        with self._guard:
            if group in self._moving and isinstance(moved, int):
                self._moving[group] = max(moved, self._moving[group])
        return tuple(stats.get(name) for name in ("bytes", "listed", "checks", "transfers"))

    def transferred(self) -> int:
        """Bytes moved so far in both directions, as rclone counts them."""
        with self._guard:
            return self._moved + sum(self._moving.values())

    def _failure(self, answer: Answer, path: str) -> KnownError:
        return errors.known_error(
            answer.error, destination=self._destination, path=path, secrets=self._secrets
        )

    def _good(self, answer: Answer, path: str) -> dict[str, Any]:
        if answer.status != 200:
            raise self._failure(answer, path)
        return answer.json()

    def keep_quiet(self, remote: Remote) -> None:
        """Let nothing secret of this remote show in a message; for those used `inline`."""
        self._secrets += remote.secrets()

    def order(self, verb: str, **words: object) -> dict[str, Any]:
        """Any other call to rclone by its name, e.g. `config/create`; its answer as it came."""
        return self._good(self._call(verb, "", **words), "")

    # -- what can be asked ------------------------------------------------------------------------

    @_patiently
    def list(self, fs: str, path: str = "", *, recurse: bool = False) -> list[Item]:
        """The names in a folder, as paths from `fs` on; a missing folder has none.

        An empty answer proves nothing: a wrong password of an encrypted remote and the login page
        of a hotel look the same (RCLONE.md §0). Read a canary before you believe it.
        """
        options = {**_LISTING, "recurse": recurse}
        answer = self._call("operations/list", path, fs=as_folder(fs), remote=path, opt=options)
        if answer.status != 200 and errors.is_missing(answer.error):
            return []
        found = self._good(answer, path).get("list") or []
        return [
            Item(str(one["Path"]), 0 if one["IsDir"] else int(one["Size"]), bool(one["IsDir"]))
            for one in found
        ]

    def has_folder(self, fs: str, path: str) -> bool:
        """Whether the storage has such a folder, as far as it tells: in a bucket only the bucket
        itself can be missing.
        """
        options = {**_LISTING, "recurse": False}
        answer = self._call("operations/list", path, fs=as_folder(fs), remote=path, opt=options)
        if answer.status != 200 and errors.is_missing(answer.error):
            return False
        self._good(answer, path)
        return True

    def learnt(self, remote: str, option: str) -> str:
        """What rclone has put down for a remote since it began, such as a host's key; '' if not."""
        return str(self._ask("config/get", name=remote).get(option) or "")

    @_patiently
    def size(self, fs: str, path: str) -> int | None:
        """Size of a file as the storage tells it; None when there is no such file."""
        options = {**_LISTING, "filesOnly": True}
        answer = self._call("operations/stat", path, fs=as_folder(fs), remote=path, opt=options)
        if answer.status != 200 and errors.is_missing(answer.error):
            return None
        item = self._good(answer, path).get("item")
        return None if item is None or item.get("IsDir") else int(item["Size"])

    @_patiently
    def upload(self, local: Path, fs: str, path: str) -> None:
        """Send one file. `path` must be a new name: what lies there is not looked at.

        OSError when `local` cannot be read; KnownError for all else. After an error a piece of
        the object may lie at `path`.
        """
        with self._doorway.source(local) as (source_fs, source):
            answer = self._call(
                _TRANSFER,
                path,
                srcFs=source_fs,
                srcRemote=source,
                dstFs=as_folder(fs),
                dstRemote=path,
            )
        if answer.status != 200 and errors.is_missing(answer.error):
            # Accepted, and then not there: a login page that says 200 to everything.
            raise KnownError(
                Code.REMOTE_PORTAL,
                destination=self._destination,
                path=path,
                cause=errors.clean(answer.error, self._secrets),
            )
        self._good(answer, path)

    @_patiently
    def download(self, fs: str, path: str, local: Path) -> None:
        """Fetch one file to `local`, whole or not at all; what lies there is replaced.

        FileNotFoundError when it is not in the storage, KnownError TARGET_FULL when there is no
        room here, OSError when the folder of `local` is not there.
        """
        with self._doorway.target(local) as (target_fs, target):
            answer = self._call(
                _TRANSFER,
                path,
                srcFs=as_folder(fs),
                srcRemote=path,
                dstFs=target_fs,
                dstRemote=target,
            )
            if answer.status != 200:
                if errors.is_missing(answer.error):
                    raise FileNotFoundError(path)
                if errors.code_of(answer.error) is Code.DESTINATION_FULL:
                    raise KnownError(Code.TARGET_FULL, path=str(local.parent))
                raise self._failure(answer, path)

    @_patiently
    def read(
        self, fs: str, path: str, *, offset: int = 0, count: int | None = None, limit: int
    ) -> bytes:
        """Bytes of a file, only those asked for (a ranged GET), also through encryption.

        At most `limit` bytes: KnownError REMOTE_LARGER when there are more. Less than `count` when
        the file ends before. FileNotFoundError when it is not there.
        """
        if count is not None and count <= 0:
            return b""
        headers = {}
        if offset or count is not None:
            last = "" if count is None else offset + count - 1
            headers["Range"] = f"bytes={offset}-{last}"
        target = urllib.parse.quote(
            f"/[{as_folder(fs)}]/{path}", safe="/", errors="surrogateescape"
        )
        watch = _Watch(self, "", path)
        try:
            answer = wire.exchange(
                self._address, "GET", target, headers=headers, limit=limit, wait=watch
            )
        except wire.TooMuch as error:
            raise KnownError(
                Code.REMOTE_LARGER, destination=self._destination, path=path, limit=limit
            ) from error
        except wire.Gone as error:
            raise self._told_in_log(path, "EOF") from error
        if answer.status not in (200, 206):
            if errors.is_missing(answer.error):
                raise FileNotFoundError(path)
            if offset and self._ends_before(fs, path, offset):
                return b""
            if not answer.json():  # only "Not Found": it was found, but could not be opened
                raise self._told_in_log(path, answer.error)
            raise self._failure(answer, path)
        with self._guard:
            self._moved += len(answer.body)
        if answer.status == 200 and headers:  # the range was not heeded
            end = None if count is None else offset + count
            return answer.body[offset:end]
        return answer.body

    def _ends_before(self, fs: str, path: str, offset: int) -> bool:
        """Whether the file ends at or before `offset`: each storage says that in its own way."""
        size = self.size(fs, path)
        if size is None:
            raise FileNotFoundError(path)
        return size <= offset

    def _told_in_log(self, path: str, otherwise: str) -> KnownError:
        """Why a file could not be read to the end: rclone says it in its log, a moment later."""
        until = time.monotonic() + _LOG_SECONDS
        while self._child.is_alive:
            said = next((said for thing, said in reversed(list(self._lines)) if thing == path), "")
            if said or time.monotonic() > until:
                return errors.known_error(
                    said or otherwise,
                    destination=self._destination,
                    path=path,
                    secrets=self._secrets,
                )
            time.sleep(wire.TICK_SECONDS / 4)
        return self._died()

    @_patiently
    def delete(self, fs: str, path: str) -> None:
        """Delete a file; fine when it is not there."""
        answer = self._call("operations/deletefile", path, fs=as_folder(fs), remote=path)
        if answer.status != 200 and not errors.is_missing(answer.error):
            raise self._failure(answer, path)

    @_patiently
    def remove_empty(self, fs: str, path: str) -> None:
        """Remove the empty folders at and below `path`; it is fine when there are none."""
        answer = self._call("operations/rmdirs", path, fs=as_folder(fs), remote=path)
        if answer.status != 200 and not errors.is_missing(answer.error):
            raise self._failure(answer, path)

    @_patiently
    def make_folder(self, fs: str, path: str) -> None:
        """Make a folder and those above it; fine when it is there."""
        self._good(self._call("operations/mkdir", path, fs=as_folder(fs), remote=path), path)

    @_patiently
    def free_bytes(self, fs: str) -> int | None:
        """Free room as the storage tells it; None when it does not."""
        answer = self._call("operations/about", "", fs=as_folder(fs))
        if answer.status != 200:
            if errors.code_of(answer.error) is None:  # "doesn't support about"
                return None
            raise self._failure(answer, "")
        free = answer.json().get("free")
        return free if isinstance(free, int) and free >= 0 else None


class _Watch:
    """Asked every tick while a call is out: raises when it is cancelled or gets nowhere."""

    def __init__(self, session: Session, group: str, path: str) -> None:
        self._session = session
        self._group = group
        self._path = path
        self._seen: tuple[object, ...] = ()
        self._last = self._looked = time.monotonic()

    def __call__(self, size: int) -> None:
        session = self._session
        if session._cancelled():  # noqa: SLF001 - one unit
            raise KnownError(Code.CANCELLED)
        if not session._child.is_alive:  # noqa: SLF001
            raise session._died()  # noqa: SLF001
        now = time.monotonic()
        if now - self._looked < session._limits.look:  # noqa: SLF001
            return
        self._looked = now
        session._keep_pace()  # noqa: SLF001
        seen = (size, *(session._progress(self._group) if self._group else ()))  # noqa: SLF001
        if seen != self._seen:
            self._seen, self._last = seen, now
        elif now - self._last > session._limits.answer:  # noqa: SLF001
            raise session._too_late(self._path)  # noqa: SLF001


def _make_room(room: Path) -> None:
    try:
        room.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise home_failure(room, error) from error


def _folder(room: Path) -> Path:
    """A new folder for us alone, short and plain enough for a socket."""
    name = str(room.absolute())
    plain = name.isascii() and name.isprintable() and " " not in name
    fits = len(os.fsencode(name)) + len("/lt-12345678/rc") <= _SOCKET_PATH_BYTES
    return Path(tempfile.mkdtemp(prefix="lt-", dir=room if plain and fits else None))
