"""Signing in to Microsoft and Google and working there, against a fake of both on loopback."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from core.destinations.remote import RemoteFolder
from core.destinations.stores import RcloneStore
from core.errors import Code, KnownError
from core.paths import Home, find_home
from core.rclone.accounts import FS, Account, Accounts
from core.rclone.login import AccountKind, Question, Talk, Wish
from core.rclone.patience import Patience, asked_for
from core.rclone.remotes import crypt_remote, inline
from core.rclone.session import Session
from core.secrets.sealed_file import COST, SealedFileStore
from tests.support.fake_clouds import Cloud, Reached, browse, playing

DATA = bytes(range(250)) * 1200
SOON = 11
"""Seconds a token lasts that rclone takes for expired a second later: it allows for ten."""
KINDS = [AccountKind.ONEDRIVE, AccountKind.DRIVE]
ID, SECRET = "laden-client", "laden-client-geheim"


@pytest.fixture(autouse=True)
def cheap_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.secrets.sealed_file.COST", COST._replace(log_n=4))


class Person:
    """Somebody at a PC: a home, a browser that is opened, answers to questions."""

    def __init__(self, tmp_path: Path, reached: Reached) -> None:
        self.home: Home = find_home(str(tmp_path / "home"))
        self.home.make()
        self.reached = reached
        self.answers: dict[str, str] = {}
        self.asked: list[Question] = []
        self.pages: list[str] = []
        self.looks = True
        self.stop = threading.Event()
        self.shown = threading.Event()
        self._browsers: list[threading.Thread] = []

    def accounts(self) -> Accounts:
        return Accounts(self.home, lambda: SealedFileStore(self.home, "pass"))

    def show(self, link: str) -> None:
        self.shown.set()
        if self.looks:
            look = threading.Thread(target=lambda: self.pages.append(browse(link, self.reached)))
            look.start()
            self._browsers.append(look)

    def ask(self, question: Question) -> str:
        self.asked.append(question)
        if question.name not in self.answers:
            raise KnownError(Code.LOGIN_QUESTION, account="", question=question.name, choices="")
        return self.answers[question.name]

    def talk(self, patience: float) -> Talk:
        return Talk(ask=self.ask, show=self.show, cancelled=self.stop.is_set, patience=patience)

    def add(self, name: str, kind: AccountKind, *, patience: float = 60, **more: str) -> Account:
        own = {"client_id": ID, "client_secret": SECRET} if kind is AccountKind.DRIVE else {}
        try:
            return self.accounts().add(
                name,
                Wish(kind, **{**own, **more}),
                self.talk(patience),
                since="2026-11-22T09:00:00Z",
            )
        finally:
            self.leave()

    def again(self, name: str, *, client_secret: str = "") -> Account:
        try:
            return self.accounts().sign_in_again(
                name,
                self.talk(60),
                client_secret=client_secret,
                since="2026-12-01T09:00:00Z",
            )
        finally:
            self.leave()

    def leave(self) -> None:
        for look in self._browsers:
            look.join()

    def files(self) -> dict[str, bytes]:
        """Every file of the home, sealed secrets too."""
        roots = (self.home.config, self.home.state, self.home.cache)
        return {
            str(one): one.read_bytes()
            for root in roots
            for one in root.rglob("*")
            if one.is_file() and not one.is_symlink()
        }


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    # rclone's port for the way back from the browser is the same for all on this machine.
    alone = filelock.FileLock("/tmp/ladentresor-test-53682.lock", timeout=200)
    with alone, playing(tmp_path / "wolke") as reached:
        for name, value in reached.environment.items():
            monkeypatch.setenv(name, value)
        yield Person(tmp_path, reached)


@pytest.mark.parametrize("kind", KINDS)
def test_sign_in_and_work(person: Person, tmp_path: Path, kind: AccountKind) -> None:
    made = person.add("laden", kind)
    assert person.accounts().all() == (made,)
    assert made.since == "2026-11-22T09:00:00Z"
    assert made.label == ("OneDrive (business)" if kind is AccountKind.ONEDRIVE else "")
    assert len(person.pages) == 1
    data = os.urandom(300_000)
    (tmp_path / "f").write_bytes(data)
    vault = crypt_remote("tresor", over=f"{FS}Sicherung/laden", password="p", salt="s")
    with person.accounts().session("laden", destination="cloud", remotes=[vault]) as one:
        assert one.list(FS) == []
        one.upload(tmp_path / "f", FS, "Sicherung/offen.zip")
        one.upload(tmp_path / "f", "tresor:", "daten/buendel.zip")
        assert one.size(FS, "Sicherung/offen.zip") == len(data)
        at = (100_000, 500)
        got = one.read("tresor:", "daten/buendel.zip", offset=at[0], count=at[1], limit=at[1])
        assert got == data[at[0] : sum(at)]
        assert one.free_bytes(FS) == 5_000_000 - person.reached.cloud.used()
        one.delete(FS, "Sicherung/offen.zip")
        assert one.size(FS, "Sicherung/offen.zip") is None
    with person.accounts().session("laden", destination="cloud", remotes=[vault]) as one:
        assert one.read("tresor:", "daten/buendel.zip", limit=len(data)) == data
    names = " ".join(person.reached.cloud.files())
    assert "buendel" not in names


def short_lived(person: Person, kind: AccountKind) -> None:
    """An account whose token is expired, and so will be each new one a moment later."""
    person.reached.cloud.lasts = SOON + 1
    person.add("laden", kind)
    person.reached.cloud.lasts = SOON
    time.sleep(2.2)


@pytest.mark.parametrize("kind", KINDS)
def test_no_token_lies_about(person: Person, kind: AccountKind) -> None:
    """Not in files, not in the arguments or the environment of rclone, while it works and after."""
    short_lived(person, kind)
    seen = []
    with person.accounts().session("laden", destination="cloud") as one:
        one.list(FS)
        for place in ("cmdline", "environ"):
            seen.append(Path(f"/proc/{one.pid}/{place}").read_bytes())
        seen += person.files().values()
    seen += person.files().values()
    everything = b"\n".join(seen)
    secrets = {*person.reached.cloud.secrets, SECRET}
    assert len(secrets) >= 5
    for secret in secrets:
        assert secret.encode() not in everything
    (sealed,) = (person.home.config / "konten").glob("*.conf")
    assert b"RCLONE_ENCRYPT_V0" in sealed.read_bytes()
    assert sealed.stat().st_mode & 0o777 == 0o600
    key = SealedFileStore(person.home, "pass").get("laden.account")
    assert key is not None
    assert key.encode() not in everything


def test_a_token_renewed_on_the_way_outlives_the_session(person: Person) -> None:
    """Refresh tokens are good for one time: whoever forgets the new one is locked out."""
    cloud = person.reached.cloud
    short_lived(person, AccountKind.ONEDRIVE)
    for _ in range(2):
        with person.accounts().session("laden", destination="cloud") as one:
            for _ in range(2):
                time.sleep(1.1)
                assert one.list(FS) == []
    assert cloud.refreshed >= 4


def test_a_token_renewed_on_the_way_outlives_a_kill(person: Person) -> None:
    cloud = person.reached.cloud
    short_lived(person, AccountKind.ONEDRIVE)
    for _ in range(2):
        one = person.accounts().session("laden", destination="cloud")
        before = cloud.refreshed
        time.sleep(1.1)
        one.list(FS)
        assert cloud.refreshed > before
        os.kill(one.pid, 9)
        one.close()
    with person.accounts().session("laden", destination="cloud") as last:
        assert last.list(FS) == []


def test_killed_while_rclone_swaps_its_file(person: Person) -> None:
    """Between its two renames there is no file: the new one counts, else the old one."""
    person.add("laden", AccountKind.ONEDRIVE)
    folder = person.home.config / "konten"
    conf = folder / "laden.conf"
    whole = conf.read_bytes()
    for left in ("laden.conf123456", "laden.conf.old987"):
        conf.rename(folder / left)
        (folder / "laden.conf777").write_bytes(whole[:50])  # torn, from an earlier kill
        with person.accounts().session("laden", destination="cloud") as one:
            assert one.list(FS) == []
        assert sorted(each.name for each in folder.iterdir()) == ["laden.conf", "laden.json"]


def test_consent_refused(person: Person) -> None:
    person.reached.cloud.consent = False
    with pytest.raises(KnownError) as caught:
        person.add("laden", AccountKind.ONEDRIVE)
    assert caught.value.code is Code.LOGIN_REFUSED
    assert_nothing_kept(person)
    person.reached.cloud.consent = True
    person.add("laden", AccountKind.ONEDRIVE)


def assert_nothing_kept(person: Person) -> None:
    assert person.accounts().all() == ()
    assert SealedFileStore(person.home, "pass").names() == ()
    assert list((person.home.config / "konten").iterdir()) == []


def test_nobody_signs_in(person: Person) -> None:
    person.looks = False
    began = time.monotonic()
    with pytest.raises(KnownError) as caught:
        person.add("laden", AccountKind.ONEDRIVE, patience=1.0)
    assert caught.value.code is Code.LOGIN_TIMED_OUT
    assert time.monotonic() - began < 8
    assert_nothing_kept(person)
    person.looks = True
    person.add("laden", AccountKind.ONEDRIVE)  # the port is free again


def test_cancelled_while_the_browser_is_open(person: Person) -> None:
    person.looks = False
    threading.Timer(1.0, person.stop.set).start()
    with pytest.raises(KnownError) as caught:
        person.add("laden", AccountKind.ONEDRIVE)
    assert caught.value.code is Code.CANCELLED
    assert_nothing_kept(person)


def test_two_at_once(person: Person, tmp_path: Path) -> None:
    """rclone's port for the way back from the browser is the same for all."""
    other = Person(tmp_path / "zwei", person.reached)
    other.looks = False

    def in_the_way() -> None:
        with pytest.raises(KnownError):
            other.add("b", KINDS[0])

    first = threading.Thread(target=in_the_way)
    first.start()
    assert other.shown.wait(30)
    with pytest.raises(KnownError) as caught:
        person.add("laden", AccountKind.ONEDRIVE)
    assert caught.value.code is Code.LOGIN_PORT_BUSY
    other.stop.set()
    first.join()


def test_a_wrong_client(person: Person) -> None:
    person.reached.cloud.client_secret = SECRET
    person.add("gut", AccountKind.DRIVE)
    with pytest.raises(KnownError) as caught:
        person.add("schlecht", AccountKind.DRIVE, client_secret="vertippt")
    assert caught.value.code is Code.LOGIN_CLIENT
    with pytest.raises(KnownError) as caught:
        person.add("ohne", AccountKind.DRIVE, client_id="", client_secret="")
    assert caught.value.code is Code.ACCOUNT_NEEDS_CLIENT


def test_several_drives(person: Person) -> None:
    cloud = Cloud(drives=(("eins", "Privat"), ("zwei", "Laden")))
    person.reached.cloud.drives = cloud.drives
    person.reached.cloud.items.update(cloud.items)
    with pytest.raises(KnownError) as caught:
        person.add("laden", AccountKind.ONEDRIVE)
    assert caught.value.code is Code.LOGIN_QUESTION
    assert [choice.value for choice in person.asked[0].choices] == ["eins", "zwei"]
    person.answers["config_driveid"] = "zwei"
    made = person.add("laden", AccountKind.ONEDRIVE)
    assert (made.drive, made.label) == ("zwei", "Laden (business)")
    person.answers.clear()
    assert person.again("laden").drive == "zwei"  # not asked again


def test_a_sharepoint_site(person: Person) -> None:
    """Its address is asked for when nobody gave it; a wrong one ends in a sentence."""
    site = "https://firma.sharepoint.com/sites/laden"
    made = person.add("laden", AccountKind.SHAREPOINT, site=site)
    assert (made.site, made.drive) == (site, "drive-eins")
    with person.accounts().session("laden", destination="cloud") as one:
        assert one.list(FS) == []
    with pytest.raises(KnownError) as caught:
        person.add("ohne", AccountKind.SHAREPOINT)
    assert caught.value.code is Code.LOGIN_QUESTION
    with pytest.raises(KnownError) as caught:
        person.add("falsch", AccountKind.SHAREPOINT, site="https://firma.sharepoint.com/sites/weg")
    assert caught.value.code in (Code.LOGIN_FAILED, Code.LOGIN_QUESTION)


def test_killed_while_signing_in(person: Person) -> None:
    """What lies there from a sign-in that was killed stands in nobody's way."""
    folder = person.home.config / "konten"
    folder.mkdir()
    (folder / "laden.conf").write_bytes(b"# Encrypted\n\nRCLONE_ENCRYPT_V0:\nabc\n")
    SealedFileStore(person.home, "pass").set("laden.account", "old")
    person.add("laden", AccountKind.ONEDRIVE)


@pytest.mark.parametrize("kind", KINDS)
def test_revoked_then_signed_in_again(person: Person, kind: AccountKind) -> None:
    cloud = person.reached.cloud
    short_lived(person, kind)
    cloud.revoked = True
    with person.accounts().session("laden", destination="cloud") as one:
        with pytest.raises(KnownError) as caught:
            one.list(FS)
        assert caught.value.code is Code.REMOTE_LOGIN_EXPIRED
        assert not any(secret in str(caught.value) for secret in cloud.secrets)
    cloud.revoked, cloud.lasts = False, 3600
    assert person.again("laden").since == "2026-12-01T09:00:00Z"
    with person.accounts().session("laden", destination="cloud") as one:
        assert one.list(FS) == []


def test_somebody_else_signs_in(person: Person) -> None:
    """Else tomorrow's run would look for the shop's copies in a private drive."""
    person.add("laden", AccountKind.ONEDRIVE)
    other = Cloud(drives=(("fremd", "Privat"),))
    cloud = person.reached.cloud
    cloud.drives, ours = other.drives, cloud.drives
    with pytest.raises(KnownError) as caught:
        person.again("laden")
    assert caught.value.code is Code.LOGIN_OTHER_ACCOUNT
    cloud.drives = ours
    with person.accounts().session("laden", destination="cloud") as one:
        used = len(cloud.secrets)
        assert one.list(FS) == []
    assert len(cloud.secrets) == used  # with the former token


@pytest.mark.parametrize("harm", ["key", "plain", "torn", "foreign", "gone"])
def test_a_configuration_that_cannot_be_opened(person: Person, harm: str) -> None:
    person.add("laden", AccountKind.ONEDRIVE)
    conf = person.home.config / "konten" / "laden.conf"
    store = SealedFileStore(person.home, "pass")
    if harm == "key":
        store.forget("laden.account")
    elif harm == "foreign":
        store.set("laden.account", "x" * 43)
    elif harm == "plain":
        conf.write_text("[konto]\ntype = local\n")
    elif harm == "torn":
        conf.write_bytes(conf.read_bytes()[:40])
    else:
        conf.unlink()
    with pytest.raises(KnownError) as caught:
        person.accounts().session("laden", destination="cloud")
    assert caught.value.code is Code.ACCOUNT_DAMAGED
    person.again("laden")
    with person.accounts().session("laden", destination="cloud") as one:
        assert one.list(FS) == []


def test_one_at_a_time(person: Person) -> None:
    person.add("laden", AccountKind.ONEDRIVE)
    with person.accounts().session("laden", destination="cloud"):
        with pytest.raises(KnownError) as caught:
            person.accounts().session("laden", destination="cloud")
        assert caught.value.code is Code.ACCOUNT_BUSY


def test_forgotten(person: Person) -> None:
    person.add("laden", AccountKind.ONEDRIVE)
    person.add("zweites", AccountKind.ONEDRIVE)
    with pytest.raises(KnownError) as caught:
        person.add("laden", AccountKind.ONEDRIVE)
    assert caught.value.code is Code.ACCOUNT_EXISTS
    person.accounts().forget("laden")
    assert [one.name for one in person.accounts().all()] == ["zweites"]
    assert SealedFileStore(person.home, "pass").names() == ("zweites.account",)
    for name in ("laden", "../zweites", ""):
        with pytest.raises(KnownError) as caught:
            person.accounts().forget(name)
        assert caught.value.code is Code.ACCOUNT_UNKNOWN


@pytest.mark.parametrize("kind", KINDS)
def test_full_and_busy(person: Person, tmp_path: Path, kind: AccountKind) -> None:
    cloud = person.reached.cloud
    person.add("laden", kind)
    (tmp_path / "f").write_bytes(os.urandom(200_000))
    with person.accounts().session("laden", destination="cloud") as one:
        cloud.busy = 2
        one.upload(tmp_path / "f", FS, "a")  # rclone itself waits and asks again
        assert cloud.busy == 0
        cloud.quota = 300_000
        with pytest.raises(KnownError) as caught:
            one.upload(tmp_path / "f", FS, "b")
        assert caught.value.code is Code.REMOTE_QUOTA


def test_too_many_requests_for_longer_than_rclone_waits(person: Person) -> None:
    """rclone gives up after a few; the session goes on, and waits as long as it was asked to."""
    cloud = person.reached.cloud
    person.add("laden", AccountKind.ONEDRIVE)
    patience = Patience(total=60, first=0.2, longest=1.0)
    with person.accounts().session("laden", destination="cloud", patience=patience) as one:
        assert one.list(FS) == []
        cloud.busy, cloud.retry_after = 14, 0
        assert one.list(FS) == []
        assert cloud.busy == 0
    with person.accounts().session("laden", destination="cloud") as one:
        assert one.list(FS) == []
        cloud.busy, cloud.retry_after = 99, 1
        with pytest.raises(KnownError) as caught:
            one.list(FS)
        assert caught.value.code is Code.REMOTE_RATE_LIMITED
        assert asked_for(str(caught.value.params["cause"])) == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_whose_token_expires_on_the_way(
    person: Person, tmp_path: Path, kind: AccountKind
) -> None:
    """Bundles go up one by one, each by a token of its own; the next day all of them are there."""
    short_lived(person, kind)
    vault = crypt_remote("tresor", over=f"{FS}Sicherung/laden", password="p", salt="s")
    names = [f"daten/1/buendel-{number}.zip" for number in range(4)]

    def folder(session: Session) -> RemoteFolder:
        shadow = tmp_path / "schatten"
        return RemoteFolder(
            "c", "c:", "laden", shadow=shadow, store=RcloneStore(session, "tresor:")
        )

    with person.accounts().session("laden", destination="c", remotes=[vault]) as session:
        before = person.reached.cloud.refreshed
        there = folder(session)
        for name in names:
            there.make_folder("daten/1")
            Path(there.place(name)).write_bytes(name.encode() * 1000)
            there.ship([name])
            there.barrier()
            time.sleep(1.1)
        there.close()
        assert person.reached.cloud.refreshed >= before + 3
    with person.accounts().session("laden", destination="c", remotes=[vault]) as session:
        there = folder(session)
        assert sorted(there.names("daten/1")) == [name.rpartition("/")[2] for name in names]
        there.fetch(names)
        for name in names:
            assert Path(there.place(name)).read_bytes() == name.encode() * 1000
        there.close()


def test_two_systems_share_the_only_session(person: Person, tmp_path: Path) -> None:
    """Each with an encrypted folder of its own, laid over the account while it is open."""
    person.add("laden", AccountKind.ONEDRIVE)
    vaults = [
        crypt_remote("tresor", over=f'{FS}Büro "{name}", 1/tresor', password=name, salt="s")
        for name in ("kasse", "shop")
    ]
    (tmp_path / "f").write_bytes(DATA)
    with person.accounts().session("laden", destination="c") as one:
        for vault in vaults:
            one.keep_quiet(vault)
            fs = inline(vault)
            one.upload(tmp_path / "f", fs, "daten/buendel.zip")
            assert one.read(fs, "daten/buendel.zip", offset=70_000, count=9, limit=9) == DATA[:9]
            assert one.size(fs, "daten/buendel.zip") == len(DATA)
        wrong = crypt_remote("tresor", over=f'{FS}Büro "shop", 1/tresor', password="x", salt="s")
        assert one.list(inline(wrong)) == []
    stored = person.reached.cloud.files()
    assert len(stored) == 2
    assert all(path.startswith("Büro ") for path in stored)
    (conf,) = (person.home.config / "konten").glob("*.conf")
    assert len(conf.read_bytes()) < 1500  # nothing of the vaults was put down there
