"""The locks of a copy in a bucket: rclone sends objects locked, this keeps them locked (ADR 16)."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from operator import attrgetter

from core.clock import Clock
from core.crypt.names import Names
from core.destinations.locks import LockRule, Renewal, Swept, rule_of
from core.destinations.storages import bucket_of
from core.errors import Code, KnownError
from core.plan.locations import S3Location
from core.s3.answers import Version
from core.s3.bucket import CONNECTIONS, Bucket
from core.s3.signing import Credentials

_AT_ONCE = 1000


class BucketLocks:
    """The locks of one copy, see `locks.Locks`.

    prefix: what the keys of the copy's folder begin with, `/` at the end. mode: `GOVERNANCE` or
    `COMPLIANCE`. vault: for an encrypted copy the folder of its vault, `/` at the end, and what its
    names are sealed with.
    """

    def __init__(
        self,
        bucket: Bucket,
        prefix: str,
        mode: str,
        rule: LockRule,
        clock: Clock,
        *,
        where: dict[str, str],
        cancelled: Callable[[], bool],
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._clock = clock
        self._where = where
        self._cancelled = cancelled
        self._vault: tuple[str, Callable[[], Names]] | None = None
        self._names: Names | None = None
        self.mode = mode
        self.rule = rule
        self.trouble: KnownError | None = self._look()
        self.sent_until = rule.object_until(self.now()).replace(microsecond=0)

    def seal_with(self, vault: str, names: Callable[[], Names]) -> None:
        """The copy lies encrypted in this folder; its names are derived when they are needed."""
        self._vault, self._names = (f"{vault}/", names), None

    def _look(self) -> KnownError | None:
        """Why this bucket or this login cannot lock.

        Whether it may is tried at a key that nobody has: "no such key" is said only to those who
        are allowed to.
        """
        try:
            if not self._bucket.lock_settings().enabled:
                return KnownError(Code.LOCK_NO_BUCKET, **self._where)
            nobody = f"{self._prefix}lt-{secrets.token_hex(8)}"
            self._bucket.lock(nobody, "", self.mode, self.rule.object_until(self._clock.now()))
        except FileNotFoundError:
            return None
        except KnownError as error:
            if error.code is not Code.REMOTE_NO_RIGHTS:
                raise
            return self._no_rights(error)
        return None

    def _no_rights(self, error: KnownError) -> KnownError:
        cause = error.params.get("cause", "")
        return KnownError(Code.LOCK_NO_RIGHTS, **self._where, cause=cause)

    def now(self) -> datetime:
        return self._clock.now() + self._bucket.ahead

    # -- renewing ---------------------------------------------------------------------------------

    def renew(self) -> datetime:
        now = self.now()
        until = self.rule.object_until(now).replace(microsecond=0)
        try:
            done = self._renew(until, self.rule.state_until(now))
        except KnownError as error:  # versions may not be listed
            if error.code is not Code.REMOTE_NO_RIGHTS:
                raise
            self.trouble = self._no_rights(error)
            return until
        if done.refused:
            self.trouble = self.not_kept(done.refused, sum(done))
        return until

    def not_kept(self, count: int, of: int) -> KnownError:
        return KnownError(Code.LOCK_NOT_KEPT, **self._where, count=count, of=of)

    def _renew(self, until: datetime, least: datetime) -> Renewal:
        locked = refused = 0
        wanted = itertools.chain.from_iterable(_worth_locking(group) for group in self._keys())
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="locks") as pool:
            while batch := list(itertools.islice(wanted, _AT_ONCE)):
                if self._cancelled():
                    raise KnownError(Code.CANCELLED)
                ends = list(pool.map(lambda one: self._lock(one, until, least), batch))
                locked += ends.count(True)
                refused += ends.count(False)
                if refused and not locked:
                    break  # it refuses all of them
        return Renewal(locked, refused)

    def _keys(self) -> Iterator[list[Version]]:
        """All there is below the copy's folder, key by key, the newest version first."""
        for _, group in itertools.groupby(
            self._bucket.versions(self._prefix), key=attrgetter("key")
        ):
            yield list(group)

    def _lock(self, one: Version, until: datetime, least: datetime) -> bool:
        """Whether a version is locked long enough now; a lock that is longer already may stay."""
        try:
            self._bucket.lock(one.key, one.id, self.mode, until)
        except FileNotFoundError:
            return True  # somebody was faster
        except KnownError as error:
            if error.code not in (Code.REMOTE_NO_RIGHTS, Code.REMOTE_NAME_REFUSED):
                raise
            return self._is_locked(one, until, least)
        return True

    def _is_locked(self, one: Version, until: datetime, least: datetime) -> bool:
        """After a refusal: because its lock is longer, or stricter, than what was asked for?"""
        try:
            found = self._bucket.retention(one.key, one.id)
            if found is None:
                return False
            if found.until < least and found.mode != self.mode:
                self._bucket.lock(one.key, one.id, found.mode, until)
                return True
        except FileNotFoundError:
            return True
        except KnownError as error:
            if error.code not in (Code.REMOTE_NO_RIGHTS, Code.REMOTE_NAME_REFUSED):
                raise
            return False
        return found.until >= least

    # -- looking ----------------------------------------------------------------------------------

    def locked_until(self, path: str) -> datetime | None:
        try:
            found = self._bucket.retention(self._key(path))
        except FileNotFoundError:
            return None
        return found.until if found else None

    def confirm(self, path: str) -> None:
        end = self.locked_until(path)
        if self.rule.is_due(end, self.now()):
            self.trouble = self.not_kept(1, 1)

    def _key(self, path: str) -> str:
        if self._vault is None:
            return f"{self._prefix}{path}"
        return f"{self._prefix}{self._vault[0]}{self._sealing().seal(path)}"

    def _path(self, key: str) -> str | None:
        """The path an object of the copy has; None when it is none of it, or nobody can tell."""
        if self._vault is None:
            return key.removeprefix(self._prefix)
        inside = f"{self._prefix}{self._vault[0]}"
        if not key.startswith(inside):
            return None
        names = [self._sealing().open(name) for name in key.removeprefix(inside).split("/")]
        return None if None in names else "/".join(name or "" for name in names)

    def _sealing(self) -> Names:
        if self._vault is None:
            raise ValueError("only names in a vault are sealed")
        self._names = self._names or self._vault[1]()
        return self._names

    # -- deleting for ever ------------------------------------------------------------------------

    def sweep(self, keeps: Callable[[str], bool], renewed: Callable[[str], bool]) -> Swept:
        now = self.now()
        swept, waiting, free_at = Swept(), 0, None
        going: list[list[Version]] = []
        for group in self._keys():
            if self._cancelled():
                raise KnownError(Code.CANCELLED)
            useless = self._useless(group, keeps, renewed)
            if not useless:
                continue
            hidden = _hidden_since(group, useless)
            if self.rule.may_delete(hidden, now):
                going.append(useless)
            else:
                waiting += sum(one.size for one in useless)
                end = self.rule.free_at(hidden)
                free_at = end if free_at is None else max(free_at, end)
            if sum(map(len, going)) >= _AT_ONCE:
                swept = _sum(swept, self._delete(going))
                going = []
        swept = _sum(swept, self._delete(going))
        return swept._replace(waiting=swept.waiting + waiting, free_at=free_at or swept.free_at)

    def _useless(
        self, group: list[Version], keeps: Callable[[str], bool], renewed: Callable[[str], bool]
    ) -> list[Version]:
        """The versions of one key that nobody will ever ask for."""
        path = self._path(group[0].key)
        if path is None or (len(group) == 1 and not group[0].marker):
            return []
        if group[0].marker:
            return [] if keeps(path) else group
        return group[1:] if renewed(path) else []

    def _delete(self, groups: list[list[Version]]) -> Swept:
        """Versions before the markers that hide them: a version that stays must stay hidden."""
        versions = [one for group in groups for one in group if not one.marker]
        refused = self._bucket.delete([(one.key, one.id) for one in versions])
        held = {one.key for one in refused}
        markers = [one for group in groups for one in group if one.marker and one.key not in held]
        self._bucket.delete([(one.key, one.id) for one in markers])
        gone = [one for one in versions if one.key not in held]
        stays = sum(one.size for one in versions if one.key in held)
        free_at = self.rule.free_at(self.now()) if stays else None
        return Swept(len(gone), sum(one.size for one in gone), stays, free_at)

    def close(self) -> None:
        self._bucket.close()


def open_locks(
    location: S3Location,
    password: str,
    system: str,
    clock: Clock,
    *,
    destination: str,
    cancelled: Callable[[], bool],
) -> BucketLocks:
    """The locks of a system's copy at a place whose plan wants them; asks whether it can lock.

    KnownError when the place cannot be asked.
    """
    if location.lock is None:
        raise ValueError("a place without locks")
    address = location.address.partition("?")[0]
    bucket = open_bucket(location, password, clock, destination=destination)
    top = location.path.strip("/")
    try:
        return BucketLocks(
            bucket,
            f"{top}/{system}/" if top else f"{system}/",
            location.lock_mode.upper(),
            rule_of(location.lock),
            clock,
            where={"destination": destination, "path": address},
            cancelled=cancelled,
        )
    except BaseException:
        bucket.close()
        raise


def open_bucket(location: S3Location, password: str, clock: Clock, *, destination: str) -> Bucket:
    """The bucket of a place; nothing is asked yet."""
    return Bucket(
        bucket_of(location),
        Credentials(location.access_key, password),
        clock,
        destination=destination,
        address=location.address.partition("?")[0],
    )


def _worth_locking(group: list[Version]) -> list[Version]:
    """The versions of one key that are to stay: what is seen, and what was sent first.

    Nothing of ours is written twice: where there are two, somebody else may have written the
    second. What was deleted keeps the lock it had, in which it can be brought back.
    """
    if group[0].marker:
        return []
    stored = [one for one in group if not one.marker]
    return [stored[0]] if len(stored) == 1 else [stored[0], stored[-1]]


def _hidden_since(group: list[Version], useless: list[Version]) -> datetime:
    """When the newest of the useless versions was put out of sight, by what came after it."""
    if useless is group:
        return group[0].modified
    return group[len(group) - len(useless) - 1].modified


def _sum(one: Swept, other: Swept) -> Swept:
    ends = [end for end in (one.free_at, other.free_at) if end is not None]
    return Swept(
        one.versions + other.versions,
        one.size + other.size,
        one.waiting + other.waiting,
        max(ends, default=None),
    )
