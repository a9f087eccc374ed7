"""The cloud accounts of a home: for each an encrypted configuration, and a note what it is.

    config/konten/<name>.conf   rclone's configuration with the tokens, encrypted (`config_file`)
    config/konten/<name>.json   kind, drive, since when: nothing secret
    secret `<name>.account`     32 random bytes that open the configuration

One session at a time works with an account, whatever it does there: a refresh token may be good for
one time only, and two who renew it at once lock each other out.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import filelock
import msgspec

from core import own_files
from core.errors import Code, KnownError
from core.paths import Home, home_failure
from core.rclone.config_file import SECTION, ConfigFile
from core.rclone.login import SERVICES, AccountKind, SignedIn, Talk, Wish, sign_in
from core.rclone.patience import Patience
from core.rclone.remotes import Remote
from core.rclone.session import Limits, Session
from core.secrets import SecretStore, files

FS = f"{SECTION}:"
"""The root of the account as a session knows it; `FS + "Sicherung"` is a folder in it."""

_NAME = re.compile("[a-z0-9][a-z0-9-]{0,39}")
_KEY_BYTES = 32


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an account without opening it. `since`: when it was last signed in to."""

    name: str = ""
    kind: AccountKind
    drive: str = ""
    label: str = ""
    site: str = ""
    client_id: str = ""
    since: str = ""


class Accounts:
    """All accounts of one home. `store` is only asked when an account is opened."""

    def __init__(self, home: Home, store: Callable[[], SecretStore]) -> None:
        self._home = home
        self._folder = home.config / "konten"
        self._store = store

    # -- looking ----------------------------------------------------------------------------------

    def all(self) -> tuple[Account, ...]:
        """All accounts by name; a note that cannot be read is no account."""
        try:
            names = sorted(one.stem for one in self._folder.glob("*.json"))
        except OSError as error:
            raise home_failure(self._folder, error) from error
        return tuple(one for name in names if (one := self._noted(name)) is not None)

    def get(self, name: str) -> Account:
        """The account of this name; KnownError ACCOUNT_UNKNOWN."""
        found = self._noted(name) if _NAME.fullmatch(name) else None
        if found is None:
            raise KnownError(Code.ACCOUNT_UNKNOWN, account=name)
        return found

    def _noted(self, name: str) -> Account | None:
        data = own_files.read(self._note(name))
        try:
            known = msgspec.json.decode(data or b"", type=Account)
        except msgspec.DecodeError:
            return None
        return msgspec.structs.replace(known, name=name)

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    # -- working ----------------------------------------------------------------------------------

    def session(
        self,
        name: str,
        *,
        destination: str,
        remotes: Sequence[Remote] = (),
        cancelled: Callable[[], bool] = lambda: False,
        limits: Limits | None = None,
        patience: Patience | None = None,
        upload_rate: Callable[[], int | None] | None = None,
    ) -> Session:
        """A session that reaches the account as `FS`; `remotes` may lie over it.

        Tokens that rclone renews meanwhile are kept at once. KnownError ACCOUNT_UNKNOWN,
        ACCOUNT_BUSY, ACCOUNT_DAMAGED, and those of the secret store.
        """
        self.get(name)
        return self._open(
            self._config(name),
            destination,
            remotes=remotes,
            cancelled=cancelled,
            limits=limits,
            patience=patience,
            upload_rate=upload_rate,
        )

    def _config(self, name: str) -> ConfigFile:
        path = self._folder / f"{name}.conf"
        key = self._store().get(f"{name}.account")
        if key is None or not self._has_file(path):
            raise KnownError(Code.ACCOUNT_DAMAGED, destination=name, path=str(path))
        return ConfigFile(path, key)

    def _has_file(self, path: Path) -> bool:
        return path.exists() or any(path.parent.glob(f"{path.name}*"))

    def _open(
        self,
        config: ConfigFile,
        destination: str,
        *,
        remotes: Sequence[Remote] = (),
        cancelled: Callable[[], bool],
        limits: Limits | None = None,
        patience: Patience | None = None,
        upload_rate: Callable[[], int | None] | None = None,
    ) -> Session:
        return Session(
            remotes,
            room=self._home.cache / "konten",
            destination=destination,
            cancelled=cancelled,
            limits=limits,
            tokens=config,
            patience=patience,
            upload_rate=upload_rate,
        )

    def _open_for(self, config: ConfigFile, name: str, talk: Talk) -> Session:
        """A session to sign in with: the call that waits for the browser shows no progress."""
        limits = Limits(answer=talk.patience + 60)
        return self._open(config, name, cancelled=talk.cancelled, limits=limits)

    # -- changing ---------------------------------------------------------------------------------

    def add(
        self,
        name: str,
        wish: Wish,
        talk: Talk,
        *,
        since: str,
    ) -> Account:
        """Sign in to a new account and keep it; when that fails nothing is kept.

        KnownError ACCOUNT_NAME, ACCOUNT_EXISTS, ACCOUNT_NEEDS_CLIENT, and those of `sign_in`.
        """
        if not _NAME.fullmatch(name):
            raise KnownError(Code.ACCOUNT_NAME, account=name)
        if self._note(name).exists():
            raise KnownError(Code.ACCOUNT_EXISTS, account=name)
        if SERVICES[wish.kind].own_client and not (wish.client_id and wish.client_secret):
            raise KnownError(Code.ACCOUNT_NEEDS_CLIENT, account=name)
        with self._alone():
            self._make_folder()
            try:
                config = self._fresh(name)
                with self._open_for(config, name, talk) as session:
                    done = sign_in(session, wish, talk, name=name, again=False)
                return self._keep(name, wish, done, since)
            except BaseException:
                self._clear(name)
                raise

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One sign-in of a home at a time; there is only one way back from the browser."""
        room = self._home.cache / "konten"
        try:
            room.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = filelock.FileLock(room / "anmeldung.lock", timeout=0)
            lock.acquire()
        except filelock.Timeout as error:
            raise KnownError(Code.LOGIN_PORT_BUSY) from error
        except OSError as error:
            raise home_failure(room, error) from error
        try:
            yield
        finally:
            lock.release()

    def sign_in_again(
        self,
        name: str,
        talk: Talk,
        *,
        client_id: str = "",
        client_secret: str = "",
        since: str,
    ) -> Account:
        """A new token for an account that is there; the old one stays when that fails.

        Where the configuration cannot be opened any more it is made anew: the account and its
        drive are known from the note. KnownError as of `add`.
        """
        known = self.get(name)
        wish = Wish(
            known.kind,
            client_id=client_id or known.client_id,
            client_secret=client_secret,
            drive=known.drive,
            site=known.site,
        )
        with self._alone():
            done = self._sign_in_again(name, wish, talk)
        return self._keep(name, wish, done, since)

    def _sign_in_again(self, name: str, wish: Wish, talk: Talk) -> SignedIn:
        again = True
        try:
            session = self._open_for(self._config(name), name, talk)
        except KnownError as error:
            if error.code is not Code.ACCOUNT_DAMAGED:
                raise
            if SERVICES[wish.kind].own_client and not wish.client_secret:
                raise KnownError(Code.ACCOUNT_NEEDS_CLIENT, account=name) from error
            session = self._open_for(self._fresh(name), name, talk)
            again = False
        with session:  # while it holds the account nobody else renews the token
            before = own_files.read(self._folder / f"{name}.conf")
            try:
                return sign_in(session, wish, talk, name=name, again=again)
            except BaseException:
                self._put_back(name, before)
                raise

    def _put_back(self, name: str, before: bytes | None) -> None:
        """rclone keeps a new token before its last questions: the former one counts again."""
        if before is not None:
            with files.alone(self._home), contextlib.suppress(KnownError):
                own_files.replace(self._folder / f"{name}.conf", before)

    def forget(self, name: str) -> None:
        """Forget tokens, key and note. What lies in the cloud stays, and so does the consent there.

        KnownError ACCOUNT_UNKNOWN.
        """
        self.get(name)
        self._clear(name)

    def _fresh(self, name: str) -> ConfigFile:
        """A new key and no configuration yet; what a killed sign-in left goes."""
        self._remove_files(name)
        key = secrets.token_urlsafe(_KEY_BYTES)
        self._store().set(f"{name}.account", key)
        return ConfigFile(self._folder / f"{name}.conf", key)

    def _keep(self, name: str, wish: Wish, done: SignedIn, since: str) -> Account:
        made = Account(
            kind=wish.kind,
            drive=done.drive,
            label=done.label,
            site=wish.site,
            client_id=wish.client_id,
            since=since,
        )
        with files.alone(self._home):
            own_files.replace(self._note(name), msgspec.json.encode(made))
        return msgspec.structs.replace(made, name=name)

    def _make_folder(self) -> None:
        self._home.make()
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise home_failure(self._folder, error) from error

    def _remove_files(self, name: str) -> None:
        for left in self._folder.glob(f"{name}.conf*"):
            with contextlib.suppress(OSError):
                left.unlink()

    def _clear(self, name: str) -> None:
        """Note, configuration and key, in this order: no account without its note."""
        with contextlib.suppress(OSError):
            self._note(name).unlink(missing_ok=True)
        self._remove_files(name)
        self._store().forget(f"{name}.account")
