"""What rclone is told of a place, and the keys of hosts that were met."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.destinations import known_hosts
from core.destinations.devices import device_at
from core.destinations.storages import (
    Access,
    Lock,
    base_of,
    bucket_of,
    by_hand,
    config_of,
    password_option,
    remotes_of,
)
from core.errors import Code, KnownError
from core.paths import Home
from core.plan.locations import (
    LocalLocation,
    RcloneLocation,
    S3Location,
    SftpLocation,
    SmbLocation,
    WebdavLocation,
)
from core.rclone.environment import environment_for
from core.rclone.remotes import reveal

WORD = "Kennwort $HOME `id`"
SFTP = SftpLocation(host="nas", user="anna", path="/volume1/laden")
SMB = SmbLocation(host="nas", share="Büro", user="anna", path="/a/")
S3 = S3Location(provider="hetzner", region="fsn1", bucket="eimer", path="a", access_key="K")
DAV = WebdavLocation(url="https://cloud.de/x", user="anna")
OWN = RcloneLocation(remote="mein od", path="laden", config=Path("/k/rclone.conf"))


def test_the_password_is_covered_and_the_place_a_remote_of_its_own() -> None:
    for place, over in (
        (SFTP, "speicher:/volume1/laden/"),
        (SMB, "speicher:Büro/a/"),
        (DAV, "speicher:"),
    ):
        storage, base = remotes_of(place, Access(WORD, "ssh-ed25519 AAAA"))
        assert reveal(storage.options["pass"]) == WORD
        assert WORD not in str(storage.options)
        assert base.options == {"type": "alias", "remote": over}
        assert base_of(place) == over


def test_a_bucket() -> None:
    storage, base = remotes_of(S3, Access(WORD))
    assert storage.options["endpoint"] == "fsn1.your-objectstorage.com"
    assert storage.options["provider"] == "Hetzner"
    assert storage.options["secret_access_key"] == WORD
    assert WORD in storage.secrets()
    assert base.options["remote"] == base_of(S3) == "speicher:eimer/a/"
    assert not {"object_lock_mode", "version_at"} & storage.options.keys()


def test_a_bucket_that_locks_and_one_as_it_was() -> None:
    until = datetime(2026, 12, 1, 3, tzinfo=UTC)
    storage = remotes_of(S3, Access(WORD, lock=Lock("GOVERNANCE", until)))[0]
    assert storage.options["object_lock_mode"] == "GOVERNANCE"
    assert storage.options["object_lock_retain_until_date"] == "2026-12-01T03:00:00Z"
    past = remotes_of(replace(S3, at=until), Access(WORD))[0]
    assert past.options["version_at"] == "2026-12-01T03:00:00Z"
    assert by_hand(replace(S3, at=until)) == by_hand(S3)


@pytest.mark.parametrize(
    ("place", "origin", "top"),
    [
        (S3, "https://fsn1.your-objectstorage.com", "/eimer/"),
        (replace(S3, endpoint="http://nas:9000/"), "http://nas:9000", "/eimer/"),
        (replace(S3, provider="aws", region="eu-central-1"),
         "https://eimer.s3.eu-central-1.amazonaws.com", "/"),
        (replace(S3, provider="aws", region="cn-north-1"),
         "https://eimer.s3.cn-north-1.amazonaws.com.cn", "/"),
        (replace(S3, provider="aws", region="", bucket="a.b"),
         "https://s3.us-east-1.amazonaws.com", "/a.b/"),
    ],
)  # fmt: skip
def test_where_a_bucket_answers(place: S3Location, origin: str, top: str) -> None:
    found = bucket_of(place)
    assert (found.origin, found.path("")) == (origin, top)


def test_a_key_file_has_the_password() -> None:
    place = SftpLocation(host="nas", user="anna", key_file=Path("/k/id"))
    storage, _ = remotes_of(place, Access(WORD))
    assert "pass" not in storage.options
    assert reveal(storage.options["key_file_pass"]) == WORD
    assert "key_file_pass" not in remotes_of(place, Access())[0].options


def test_a_host_is_believed_once() -> None:
    first, _ = remotes_of(SFTP, Access(WORD))
    assert first.options["pin_host_key"] == "true"
    then, _ = remotes_of(SFTP, Access(WORD, "ssh-ed25519 AAAA"))
    assert "pin_host_key" not in then.options
    assert then.options["host_keys"] == "ssh-ed25519 AAAA"


def test_somebodys_own_remote_leans_on_his_settings() -> None:
    (base,) = remotes_of(OWN, Access(WORD))
    assert base.options["remote"] == "mein od:laden/"
    config = config_of(OWN, Access(WORD))
    ours = {"PATH": "/bin", "RCLONE_DRY_RUN": "true"}
    made = environment_for([base], ours, user="u", password="p", cache="c", config=config)
    assert made["RCLONE_CONFIG"] == "/k/rclone.conf"
    assert made["RCLONE_CONFIG_PASS"] == WORD
    assert "RCLONE_DRY_RUN" not in made
    plain = environment_for([base], ours, user="u", password="p", cache="c")
    assert plain["RCLONE_CONFIG"] == ""


def test_what_a_person_types_holds_neither_secrets_nor_our_ways() -> None:
    assert by_hand(SFTP) == {"type": "sftp", "host": "nas", "port": "22", "user": "anna"}
    assert by_hand(S3)["access_key_id"] == "K"
    assert by_hand(OWN) == {}
    assert [password_option(place) for place in (SFTP, SMB, DAV, S3, OWN)] == [
        "pass", "pass", "pass", "secret_access_key", "",
    ]  # fmt: skip


def test_two_places_on_one_host_are_one_device() -> None:
    assert device_at(SFTP).same(device_at(SMB))
    assert not device_at(SFTP).same(device_at(DAV))
    assert not device_at(OWN).same(device_at(OWN))  # nobody knows what lies behind it
    assert not device_at(LocalLocation(path=Path("/"))).same(device_at(SFTP))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(config=tmp_path / "c", state=tmp_path / "s", cache=tmp_path / "k")
    made.make()
    return made


def test_hosts_are_remembered_as_openssh_does(home: Home) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    assert known_hosts.keys_of(home, "nas", 22) == ""
    known_hosts.pin(home, "NAS", 22, key)
    known_hosts.pin(home, "nas", 2222, f"{key},ssh-rsa AAAA")
    assert known_hosts.keys_of(home, "nas", 22) == key
    assert known_hosts.keys_of(home, "nas", 2222) == f"{key},ssh-rsa AAAA"
    assert (home.state / "known_hosts").read_text().splitlines() == [
        f"nas {key}", f"[nas]:2222 {key}", "[nas]:2222 ssh-rsa AAAA",
    ]  # fmt: skip
    assert known_hosts.fingerprints(key) == ["SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"]
    assert known_hosts.forget(home, "nas", 22)
    assert not known_hosts.forget(home, "nas", 22)
    assert known_hosts.keys_of(home, "nas", 2222)


def test_an_unreadable_list_of_hosts_is_no_first_sight(home: Home) -> None:
    (home.state / "known_hosts").mkdir()
    with pytest.raises(KnownError) as caught:
        known_hosts.keys_of(home, "nas", 22)
    assert caught.value.code is Code.HOME_UNUSABLE
