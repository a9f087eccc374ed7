"""Places in the network: what a plan may say of them, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.plan.addresses import BadAddress, parse_address
from core.plan.locations import (
    LocalLocation,
    Location,
    RcloneLocation,
    S3Location,
    SftpLocation,
    SmbLocation,
    SyncedLocation,
    WebdavLocation,
    steps_to,
)
from core.plan.model import Destination, Layout, Medium
from core.plan.problems import PlanError, Problem, ProblemCode
from core.plan.providers import providers
from core.plan.read import read_plan
from tests.unit.plan.sample import SMALLEST

C = ProblemCode
CLOUD = "https://cloud.example.de/remote.php/dav/files/anna"


LOCKING = 'kind = "s3"; endpoint = "https://s3.nas"; bucket = "abc"; access_key = "K"'


def text(location: str, rest: str = "") -> str:
    lines = "\n".join(f"location.{line.strip()}" for line in location.split(";"))
    return SMALLEST.replace('location.path = "/mnt/a"', f"{lines}\n{rest}")


def destination(location: str, rest: str = "") -> Destination:
    return read_plan(text(location, rest), source="x", windows=False).destinations[0]


def problem(location: str, rest: str = "") -> Problem:
    with pytest.raises(PlanError) as caught:
        destination(location, rest)
    (found,) = caught.value.problems
    assert found.line is not None
    assert found.key.startswith("destinations.platte.")
    return found


PLACES: list[tuple[str, Location]] = [
    ('kind = "sftp"; host = "nas"; user = "anna"', SftpLocation(host="nas", user="anna")),
    (
        'kind = "sftp"; host = "::1"; port = 2222; user = "anna"; path = "/v/läden"',
        SftpLocation(host="::1", port=2222, user="anna", path="/v/läden"),
    ),
    (
        'kind = "sftp"; host = "nas"; user = "a b"; path = "tief/er"; key_file = "/k/id"',
        SftpLocation(host="nas", user="a b", path="tief/er", key_file=Path("/k/id")),
    ),
    (
        'kind = "smb"; host = "192.168.1.2"; share = "Büro $"; user = "anna"; path = "a/b"',
        SmbLocation(host="192.168.1.2", share="Büro $", user="anna", path="a/b"),
    ),
    (
        'kind = "smb"; host = "nas"; share = "s"; user = "anna"; domain = "LADEN"; port = 1445',
        SmbLocation(host="nas", share="s", user="anna", domain="LADEN", port=1445),
    ),
    (
        f'kind = "webdav"; url = "{CLOUD}"; user = "anna@example.de"',
        WebdavLocation(url=CLOUD, vendor="nextcloud", user="anna@example.de"),
    ),
    (
        'kind = "webdav"; url = "http://nas:5005/laden"; user = "anna"',
        WebdavLocation(url="http://nas:5005/laden", user="anna"),
    ),
    (
        'kind = "s3"; provider = "hetzner"; region = "fsn1"; bucket = "laden"; access_key = "K/1"',
        S3Location(provider="hetzner", region="fsn1", bucket="laden", access_key="K/1"),
    ),
    (
        'kind = "s3"; endpoint = "https://s3.nas:9"; bucket = "abc"; path = "a"; access_key = "K"',
        S3Location(endpoint="https://s3.nas:9", bucket="abc", path="a", access_key="K"),
    ),
    (
        f'{LOCKING}; lock = "4w"; lock_mode = "compliance"',
        S3Location(
            endpoint="https://s3.nas",
            bucket="abc",
            access_key="K",
            lock=timedelta(days=28),
            lock_mode="compliance",
        ),
    ),
    (
        'kind = "rclone"; remote = "Mein Laufwerk"; path = "laden"',
        RcloneLocation(remote="Mein Laufwerk", path="laden"),
    ),
    ('kind = "synced-folder"; path = "/home/anna/OneDrive"',
     SyncedLocation(path=Path("/home/anna/OneDrive"))),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), PLACES)
def test_every_kind_is_read(written: str, meant: Location) -> None:
    assert destination(written).location == meant


@pytest.mark.parametrize("meant", [meant for _, meant in PLACES[:-1]])
def test_an_address_leads_back_to_its_place(meant: Location) -> None:
    if isinstance(meant, S3Location):  # what shall be locked is the plan's business
        meant = replace(meant, lock=None, lock_mode="governance")
    assert parse_address(meant.address) == meant


def test_a_bucket_as_it_was() -> None:
    place = S3Location(bucket="abc", access_key="K", at=datetime(2026, 11, 20, 3, tzinfo=UTC))
    assert place.address == "s3://K@abc?provider=other&at=2026-11-20T03%3A00%3A00Z"
    assert parse_address(place.address) == place


def test_without_a_scheme_it_is_a_folder() -> None:
    assert parse_address("/mnt/a") == LocalLocation(path=Path("/mnt/a"))
    assert isinstance(parse_address("C:\\Kopien"), LocalLocation)


@pytest.mark.parametrize(
    "address",
    [
        "sftp://anna:geheim@nas/laden",
        "https://anna:geheim@cloud.example.de/",
        "sftp://nas/laden",
        "smb://anna@nas",
        "smb://anna@nas/",
        "s3://eimer/laden",
        "s3://K@eimer/laden?at=gestern",
        "sftp://anna@/laden",
        "sftp://anna@nas:99999/laden",
        "sftp://anna@nas/laden/../etc",
        "https://",
    ],
)
def test_what_only_looks_like_an_address(address: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(address)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('kind = "sftp"; host = "nas fritz"; user = "a"', C.BAD_HOST),
        ('kind = "sftp"; host = "nas"; user = "a"; path = "a/../b"', C.BAD_STORAGE_PATH),
        ('kind = "sftp"; host = "nas"; user = "a"; port = 0', C.OUT_OF_RANGE),
        ('kind = "sftp"; host = "nas"; user = ""', C.EMPTY_TEXT),
        ('kind = "smb"; host = "nas"; user = "a"; share = "a/b"', C.BAD_SHARE),
        ('kind = "webdav"; url = "https://anna:x@cloud.de/"', C.BAD_URL),
        ('kind = "webdav"; url = "cloud.de/dav"', C.BAD_URL),
        ('kind = "s3"; provider = "minio"; bucket = "abc"; access_key = "K"', C.NEEDS_ENDPOINT),
        ('kind = "s3"; provider = "ionos"; bucket = "abc"; access_key = "K"', C.NEEDS_REGION),
        ('kind = "s3"; provider = "aws"; bucket = "A_B"; access_key = "K"', C.BAD_BUCKET),
        ('kind = "s3"; provider = "awss"; bucket = "abc"; access_key = "K"', C.WRONG_CHOICE),
        ('kind = "rclone"; remote = ":sftp,ssh=\\"touch /tmp/x\\":"', C.BAD_REMOTE),
        (f'{LOCKING}; lock = "12h"', C.LOCK_SPAN),
        (f'{LOCKING}; lock = "400d"', C.LOCK_SPAN),
        ('kind = "rclone"; remote = "a:b"', C.BAD_REMOTE),
        ('kind = "drive"', C.MISSING_KEY),
    ],
)
def test_every_mistake_has_its_line_and_key(written: str, code: ProblemCode) -> None:
    assert problem(written).code is code


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("encrypted = false", C.SYNCED_NOT_ENCRYPTED),
        ('layout = "tree"', C.SYNCED_NOT_BUNDLED),
        ('medium = "disk"', C.NOT_A_DISK),
    ],
)
def test_a_synced_folder_is_encrypted_and_bundled(rest: str, code: ProblemCode) -> None:
    assert problem('kind = "synced-folder"; path = "/home/a/OneDrive"', rest).code is code


def test_a_lock_reaches_the_next_run() -> None:
    where = f'{LOCKING}; lock = "3d"'
    assert problem(where, "offline = true").code is C.LOCK_TOO_SHORT  # once a week
    assert isinstance(destination(where).location, S3Location)


def test_what_follows_from_the_kind() -> None:
    """Bundled across a network; a NAS in the shop is plain, a cloud encrypted (DESIGN §4)."""
    shown = {}
    for written, _ in PLACES:
        made = destination(written)
        shown[made.location.kind] = (made.medium, made.layout, made.encrypted)
    assert shown == {
        "sftp": (Medium.NAS, Layout.BUNDLED, False),
        "smb": (Medium.NAS, Layout.BUNDLED, False),
        "webdav": (Medium.CLOUD, Layout.BUNDLED, True),
        "s3": (Medium.CLOUD, Layout.BUNDLED, True),
        "rclone": (Medium.CLOUD, Layout.BUNDLED, True),
        "synced-folder": (Medium.CLOUD, Layout.BUNDLED, True),
    }


def test_a_provider_brings_its_group_and_what_is_known_of_its_seat() -> None:
    where = 'kind = "s3"; provider = "aws"; bucket = "laden"; access_key = "K"'
    made = destination(where)
    assert (made.operator, made.jurisdiction) == ("Amazon", "US")
    own = destination(where, 'operator = "Anna"\njurisdiction = "DE"')
    assert (own.operator, own.jurisdiction) == ("Anna", "DE")


def test_no_fact_of_a_provider_is_without_source_and_date() -> None:
    for one in providers().values():
        if one.seat or one.parent:
            assert one.source, one.id
            assert one.checked, one.id


def test_one_place_in_another() -> None:
    sftp = SftpLocation(host="NAS", user="anna", path="/volume1/laden")
    inner = SftpLocation(host="nas", user="jens", path="/volume1/laden/kopie/")
    home = SftpLocation(host="nas", user="anna", path="volume1")
    assert steps_to(inner)[: len(steps_to(sftp))] == steps_to(sftp)
    assert steps_to(home)[1] != steps_to(sftp)[1]
    share = SmbLocation(host="nas", share="Daten", user="a", path="Laden")
    same = SmbLocation(host="nas", share="daten", user="b", path="laden")
    assert steps_to(share) == steps_to(same)
