"""How a copy is reached: straight on a disk, through its cipher, or with rclone in the network."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from core.clock import Clock, SystemClock
from core.copies.events import Listener, Silence
from core.copies.format.copy_folder import CopyFolder
from core.copies.locking import at_the_door
from core.copies.opening.sealed import Outside, fitting, vault_folder
from core.destinations import known_hosts
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError
from core.paths import Home, home_failure
from core.plan.locations import (
    AccountLocation,
    Location,
    S3Location,
    SftpLocation,
    folder_of_pc,
)
from core.plan.model import Destination
from core.secrets.recovery import Pair

if TYPE_CHECKING:
    from core.crypt.names import Names
    from core.destinations.bucket_locks import BucketLocks
    from core.destinations.line import Line
    from core.destinations.remote import RemoteFolder
    from core.destinations.storages import Access
    from core.rclone.accounts import Accounts
    from core.rclone.patience import Patience
    from core.rclone.remotes import Remote
    from core.rclone.session import Session


_NO_NAME = re.compile("[^a-z0-9@-]")


@dataclass(frozen=True, slots=True)
class Where:
    """A place for copies: `encrypted` ones are opened with the pair of their destination.

    offline: attached only for its copies; nothing there is touched while the gate is closed.
    """

    id: str
    location: Location
    layout: str = "tree"
    encrypted: bool = False
    offline: bool = False

    @property
    def is_shadowed(self) -> bool:
        """Whether it cannot be worked at where it lies (`destinations.remote`)."""
        return self.encrypted or folder_of_pc(self.location) is None

    def as_of(self, moment: datetime) -> Where:
        """The same place as it was then, only to be read; KnownError PAST_NOT_KEPT when it is no
        bucket. A bucket that keeps no versions shows what is left of that time.
        """
        if not isinstance(self.location, S3Location):
            path = self.location.address
            raise KnownError(Code.PAST_NOT_KEPT, destination=self.id or path, path=path)
        return replace(self, location=replace(self.location, at=moment))

    def is_attached(self) -> bool:
        """Whether the disk is there; of a place in the network only its answer tells."""
        folder = folder_of_pc(self.location)
        return folder is None or folder.is_dir()


def where_of(destination: Destination) -> Where:
    """The place that a plan's destination means."""
    return Where(
        destination.id,
        destination.location,
        destination.layout,
        destination.encrypted,
        destination.offline,
    )


@dataclass(slots=True)
class Reached:
    """A copy that can be worked at until `close`; `outside` is there for encrypted ones, `locks`
    for those that were opened to be written in a bucket whose plan says so.
    """

    copy: CopyFolder
    outside: Outside | None = None
    locks: BucketLocks | None = None
    _remotes: list[RemoteFolder] = field(default_factory=list)
    _session: Session | None = None
    _lock: filelock.BaseFileLock | None = None

    def close(self) -> None:
        """End what it took to get there. Safe to call twice."""
        for remote in self._remotes:
            remote.close()
        self._remotes.clear()
        if self.locks is not None:
            self.locks.close()
        if self._session is not None:
            self._session.close()
        self._session = None
        if self._lock is not None:
            shutil.rmtree(Path(self._lock.lock_file).with_suffix(""), ignore_errors=True)
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock = None


@dataclass(slots=True)
class Visit:
    """A place in the network to look around in, until `close`."""

    _way: _Way

    def names(self) -> list[str]:
        """The names at the place; raises why it cannot be reached."""
        top = self._way.folder("basis:")
        top.is_reachable()
        return top.names()

    def folder(self, name: str) -> LocalFolder:
        """One folder there."""
        return self._way.folder("basis:", prefix=name)

    @property
    def session(self) -> Session:
        """The rclone that leads there."""
        return self._way.session

    def free_bytes(self) -> int | None:
        """Free room as the storage tells it; None when it does not."""
        return self._way.session.free_bytes("basis:")

    def close(self) -> None:
        self._way.close()


class _Way:
    """An rclone that leads to a place, and the folders of ours it works with.

    In a `with` it ends, unless somebody took it over by `reached` or `visit`.
    """

    def __init__(
        self,
        where: Where,
        system: str,
        shadow: Path,
        session: Session,
        lock: filelock.BaseFileLock,
        locks: BucketLocks | None,
    ) -> None:
        self.session = session
        self.locks = locks
        self._where = where
        self._system = system
        self._shadow = shadow
        self._lock = lock
        self._remotes: list[RemoteFolder] = []
        self._taken = False

    def __enter__(self) -> _Way:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._taken:
            self.close()

    def folder(self, fs: str, *, prefix: str = "") -> RemoteFolder:
        """A folder behind this rclone, with a shadow of its own."""
        from core.destinations.remote import RemoteFolder  # most commands never need rclone
        from core.destinations.storages import knows_of, vouches
        from core.destinations.stores import RcloneStore

        made = RemoteFolder(
            self._where.id,
            self._where.location.address,
            self._system,
            shadow=self._shadow / str(len(self._remotes)),
            store=RcloneStore(self.session, fs, prefix, knows_of(self._where.location)),
            vouches=vouches(self._where.location),
        )
        self._remotes.append(made)
        return made

    def reached(self, remote: RemoteFolder, outside: Outside | None = None) -> Reached:
        """The copy in this folder; who has it closes the way."""
        self._taken = True
        return Reached(
            CopyFolder(remote), outside, self.locks, self._remotes, self.session, self._lock
        )

    def visit(self) -> Visit:
        """The place itself; who has it closes the way."""
        self._taken = True
        return Visit(self)

    def close(self) -> None:
        Reached(
            CopyFolder(LocalFolder("", self._shadow, "")),
            None, self.locks, self._remotes, self.session, self._lock,
        ).close()  # fmt: skip


class Reach:
    """Opens copies, and closes those that were left open.

    `pair_of` gives the recovery lines of a destination; KnownError when there are none. `pairs`
    gives all there are, former ones too, the newest first. `password_of` gives what opens a place
    in the network, '' when nothing is kept. `tell` hears of a host that was met for the first time.
    `clock`: whose time locks are set by.
    `line` is what all that send into the network share; without it nothing is limited. `accounts`
    knows the clouds this home signed in to.
    """

    def __init__(
        self,
        home: Home,
        pair_of: Callable[[str], Pair],
        cancelled: Callable[[], bool],
        *,
        pairs: Callable[[], Iterable[Pair]] = tuple,
        password_of: Callable[[str], str] = lambda _: "",
        tell: Listener | None = None,
        line: Callable[[], Line] | None = None,
        accounts: Callable[[], Accounts] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._home = home
        self._clock = clock or SystemClock()
        self._pair_of = pair_of
        self._pairs = pairs
        self._password_of = password_of
        self._tell = tell or Silence()
        self._line = line
        self._accounts = accounts
        self._cancelled = cancelled
        self._open: list[Reached] = []
        self._begun: dict[tuple[Where, str], Future[Reached]] = {}
        self._helpers: ThreadPoolExecutor | None = None

    def begin(self, where: Where, system: str) -> None:
        """Begin to open a copy that `open` will soon be asked for, where that takes a while.

        Starting rclone and deriving keys takes up to a quarter of a second, in which others work.
        """
        if isinstance(where.location, AccountLocation):
            return  # two systems would want its one session at once
        if where.is_shadowed and (where, system) not in self._begun:
            self._helpers = self._helpers or ThreadPoolExecutor(2, thread_name_prefix="reach")
            self._begun[where, system] = self._helpers.submit(self._open_ahead, where, system)

    def _open_ahead(self, where: Where, system: str) -> Reached:
        reached = self._reach(where, system)
        try:
            reached.copy.folder.names()  # rclone derives its keys at the first question
        except BaseException:
            reached.close()
            raise
        return reached

    def close(self) -> None:
        for ahead in self._begun.values():
            if ahead.exception() is None:
                ahead.result().close()
        self._begun.clear()
        if self._helpers is not None:
            self._helpers.shutdown()
            self._helpers = None
        for reached in self._open:
            reached.close()
        self._open.clear()

    def open(
        self, where: Where, system: str, *, pair: Pair | None = None, reading: bool = False
    ) -> Reached:
        """The copy of a system at a place; `pair` instead of the destination's own lines.

        reading: after a rotation, and before the first run with the new pair, what there is to read
        lies in the vault of a former one. KnownError DESTINATION_MISSING when the place is not
        there.
        """
        ahead = None if pair or reading else self._begun.pop((where, system), None)
        reached = ahead.result() if ahead else self._reach(where, system, pair, reading=reading)
        if where.is_shadowed:
            self._open.append(reached)
        return reached

    def _reach(
        self, where: Where, system: str, pair: Pair | None = None, *, reading: bool = False
    ) -> Reached:
        folder = folder_of_pc(where.location)
        if folder is None:
            return self._reach_far(where, system, pair, reading=reading)
        plain = LocalFolder(where.id, folder, system)
        if not where.encrypted:
            return Reached(CopyFolder(plain))
        if not plain.is_reachable():
            raise KnownError(Code.DESTINATION_MISSING, destination=where.id, path=str(folder))
        pair = self._fitting(where, plain, pair, reading=reading)
        return self._reach_sealed(where, system, plain, pair)

    def _reach_sealed(self, where: Where, system: str, plain: LocalFolder, pair: Pair) -> Reached:
        """An encrypted copy in a folder of this PC."""
        from core.crypt.keys import derive  # most copies of this PC are plain
        from core.destinations.remote import RemoteFolder
        from core.destinations.sealed_store import SealedStore

        keys = derive(pair.password, pair.salt)
        store = SealedStore(plain, vault_folder(pair), keys, self._cancelled)
        shadow, lock = self._shadow(where.id, system)
        try:
            remote = RemoteFolder(where.id, plain.address, system, shadow=shadow / "0", store=store)
        except BaseException:
            lock.release()
            raise
        return Reached(CopyFolder(remote), self._outside(plain, pair), None, [remote], None, lock)

    def _fitting(
        self, where: Where, outside: LocalFolder, pair: Pair | None, *, reading: bool
    ) -> Pair:
        """The pair that opens an encrypted copy: the one given, the one that fits, ours."""
        if pair is not None:
            return pair
        pair = self._pair_of(where.id)
        return (fitting(outside, (pair, *self._pairs())) if reading else None) or pair

    def _outside(self, plain: LocalFolder, pair: Pair) -> Outside:
        former = frozenset(vault_folder(one) for one in self._pairs() if one != pair)
        return Outside(plain, vault_folder(pair), former)

    def _crypt(self, where: Where, system: str, pair: Pair) -> Remote:
        from core.destinations.storages import base_of
        from core.rclone.remotes import crypt_remote

        over = f"{base_of(where.location)}{system}/{vault_folder(pair)}"
        return crypt_remote("tresor", over=over, password=pair.password, salt=pair.salt)

    def _reach_far(self, where: Where, system: str, pair: Pair | None, *, reading: bool) -> Reached:
        """A copy in the network. Which vault lies there is only known once its outside was seen:
        another pair than the expected one needs another rclone.
        """
        writing = not reading
        if not where.encrypted:
            with self._way(where, system, [], writing=writing) as way:
                return way.reached(way.folder("basis:", prefix=system))
        expected = pair or self._pair_of(where.id)
        crypt = [self._crypt(where, system, expected)]
        with self._way(where, system, crypt, writing=writing) as way:
            plain = way.folder("basis:", prefix=system)
            fits = self._fitting(where, plain, pair, reading=reading)
            if fits == expected:
                if way.locks is not None:
                    way.locks.seal_with(vault_folder(fits), lambda: _names(fits))
                return way.reached(way.folder("tresor:"), self._outside(plain, expected))
        with self._way(where, system, [self._crypt(where, system, fits)]) as way:
            plain = way.folder("basis:", prefix=system)
            return way.reached(way.folder("tresor:"), self._outside(plain, fits))

    def visit(self, where: Where) -> Visit:
        """A place in the network, to look around in; close it."""
        with self._way(where, "besuch", []) as way:
            return way.visit()

    def _way(
        self, where: Where, system: str, vaults: list[Remote], *, writing: bool = False
    ) -> _Way:
        """rclone on its way to a place; ends unless somebody takes it over.

        writing: what is sent to a copy there gets the lock that the plan says.
        """
        from core.destinations import storages
        from core.rclone.patience import patience_of
        from core.rclone.session import Session

        access = self._access(where)
        shadow, lock = self._shadow(where.id, system)
        patience = patience_of(os.environ)
        rate = self._line().share() if self._line else None
        locks = None
        try:
            locks = self._locks(where, system, access.password) if writing else None
            if locks is not None and locks.trouble is None:
                access = replace(access, lock=storages.Lock(locks.mode, locks.sent_until))
            remotes = [*storages.remotes_of(where.location, access), *vaults]
            if isinstance(where.location, AccountLocation):
                session = self._account_session(where, where.location, remotes, patience, rate)
            else:
                # Several run at once for one login: with a password, unlike with a token that is
                # renewed, none of them disturbs the others.
                session = Session(
                    remotes,
                    room=shadow / "rclone",
                    destination=where.id,
                    cancelled=self._cancelled,
                    config=storages.config_of(where.location, access),
                    patience=patience,
                    upload_rate=rate,
                )
        except BaseException:
            if locks is not None:
                locks.close()
            lock.release()
            raise
        way = _Way(where, system, shadow, session, lock, locks)
        try:
            if isinstance(where.location, SftpLocation) and not access.host_keys:
                self._pin(where, where.location, session)
        except BaseException:
            way.close()
            raise
        return way

    def _locks(self, where: Where, system: str, password: str) -> BucketLocks | None:
        """The locks of a copy in a bucket whose plan wants them; asks the bucket."""
        location = where.location
        if not isinstance(location, S3Location) or location.lock is None or location.at:
            return None
        from core.destinations.bucket_locks import open_locks  # only few buckets can

        return open_locks(
            location,
            password,
            system,
            self._clock,
            destination=where.id,
            cancelled=self._cancelled,
        )

    def _account_session(
        self,
        where: Where,
        location: AccountLocation,
        remotes: list[Remote],
        patience: Patience | None,
        rate: Callable[[], int | None] | None,
    ) -> Session:
        """The one session an account may have at a time."""
        if self._accounts is None:
            raise KnownError(Code.ACCOUNT_UNKNOWN, account=location.account)
        return self._accounts().session(
            location.account,
            destination=where.id,
            remotes=remotes,
            cancelled=self._cancelled,
            patience=patience,
            upload_rate=rate,
        )

    def _access(self, where: Where) -> Access:
        from core.destinations.storages import Access

        location, keys = where.location, ""
        if isinstance(location, SftpLocation):
            keys = known_hosts.keys_of(self._home, location.host, location.port)
        return Access(self._password_of(where.id), keys)

    def _pin(self, where: Where, location: SftpLocation, session: Session) -> None:
        """Meet a host for the first time: its key is kept, and said."""
        session.list("basis:")
        keys = session.learnt("speicher", "host_keys")
        if not keys:
            raise KnownError(
                Code.REMOTE_HOST_KEY, destination=where.id, path=location.address, cause="?"
            )
        with at_the_door(self._home):  # another job may be meeting another host
            known_hosts.pin(self._home, location.host, location.port, keys)
        self._tell.note(
            "host_key_pinned",
            destination=where.id,
            host=known_hosts.host_name(location.host, location.port),
            fingerprint=", ".join(known_hosts.fingerprints(keys)),
        )

    def _shadow(self, destination: str, system: str) -> tuple[Path, filelock.FileLock]:
        """A folder for this process alone; those that a process left behind are removed."""
        folder = self._home.cache / "spool"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in folder.glob("*.lock"):
                _remove_if_left(left)
            named = _NO_NAME.sub("_", f"{system}@{destination}")[:80]
            place = folder / f"{named}-{secrets.token_hex(4)}"
            lock = filelock.FileLock(f"{place}.lock", thread_local=False)
            lock.acquire()
        except OSError as error:
            raise home_failure(folder, error) from error
        return place, lock


def _names(pair: Pair) -> Names:
    from core.crypt.keys import derive  # a tenth of a second, and seldom needed
    from core.crypt.names import Names

    return Names(derive(pair.password, pair.salt))


def _remove_if_left(note: Path) -> None:
    """Remove a shadow whose process has gone (its lock can be had)."""
    lock = filelock.FileLock(note, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        return
    from core.rclone.child import end_leftover

    folder = note.with_suffix("")
    for record in (folder / "rclone").glob("*.json"):
        sockets = end_leftover(record)
        if sockets is not None and sockets.name.startswith("lt-"):
            shutil.rmtree(sockets, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    note.unlink(missing_ok=True)
