"""Places in the network as people type them in."""

from __future__ import annotations

import pytest

from core.plan.locations import S3Location, SftpLocation, SmbLocation, WebdavLocation
from core.plan.model import Medium, Site
from core.plan.read import read_plan
from core.setup.draft import Draft, Place, plan_text
from core.setup.far import (
    FarForm,
    FarKind,
    FarLack,
    far_lack,
    far_location,
    far_place,
    place_problem,
)
from core.setup.places import Finding, probe_told

NAS = FarForm(host="diskstation", share="sicherung", user="laden", name="NAS im Lager")


@pytest.mark.parametrize(
    ("form", "location"),
    [
        (NAS, SmbLocation(host="diskstation", share="sicherung", user="laden")),
        (
            FarForm(host=r"\\diskstation\sicherung\pc", user=r"LADEN\anna"),
            SmbLocation(host="diskstation", share="sicherung", user="anna", domain="LADEN",
                        path="pc"),
        ),
        (
            FarForm(host="smb://anna@nas:1445/daten/kopien"),
            SmbLocation(host="nas", port=1445, share="daten", user="anna", path="kopien"),
        ),
        (
            FarForm(kind=FarKind.SFTP, host=" nas:2222 ", user="anna", path="kopien"),
            SftpLocation(host="nas", port=2222, user="anna", path="kopien"),
        ),
        (
            FarForm(kind=FarKind.WEBDAV, url="cloud.laden.de", user="anna müller"),
            WebdavLocation(
                url="https://cloud.laden.de/remote.php/dav/files/anna%20m%C3%BCller",
                vendor="nextcloud", user="anna müller",
            ),
        ),
        (
            FarForm(kind=FarKind.WEBDAV, url="http://127.0.0.1:8080/laeden/", user="anna"),
            WebdavLocation(url="http://127.0.0.1:8080/laeden", user="anna"),
        ),
        (
            FarForm(kind=FarKind.S3, provider="hetzner", region="fsn1", bucket="kopien",
                    access_key="K", path="/pc/"),
            S3Location(provider="hetzner", region="fsn1", bucket="kopien", access_key="K",
                       path="pc"),
        ),
    ],
)  # fmt: skip
def test_what_is_typed_is_the_place_that_is_meant(form: FarForm, location: object) -> None:
    assert far_location(form) == location
    # it survives being kept as an address, and stands in the plan
    place = far_place(form, ())
    assert place.location == location
    assert place_problem(place) is None
    plan = read_plan(
        plan_text(Draft(folders=("/daten",), places=(place,)), "PC"), source="x", windows=False
    )
    assert plan.destinations[0].location == location
    assert plan.destinations[0].id == place.id


@pytest.mark.parametrize(
    ("form", "has_password", "lack"),
    [
        (FarForm(), False, FarLack.HOST),
        (FarForm(host="nas"), False, FarLack.SHARE),
        (FarForm(host="nas", share="x"), False, FarLack.USER),
        (NAS, False, FarLack.PASSWORD),
        (NAS, True, None),
        (FarForm(kind=FarKind.WEBDAV), False, FarLack.URL),
        (FarForm(kind=FarKind.WEBDAV, url="https://offen/dav"), False, None),
        (FarForm(kind=FarKind.WEBDAV, url="https://a/dav", user="x"), False, FarLack.PASSWORD),
        (FarForm(kind=FarKind.SFTP, host="x"), True, FarLack.USER),
        (FarForm(kind=FarKind.S3), True, FarLack.BUCKET),
        (FarForm(kind=FarKind.S3, provider="minio", bucket="b"), True, FarLack.ENDPOINT),
        (FarForm(kind=FarKind.S3, provider="hetzner", bucket="b"), True, FarLack.REGION),
        (FarForm(kind=FarKind.S3, provider="aws", bucket="b"), True, FarLack.ACCESS_KEY),
    ],
)
def test_what_is_missing_is_said(
    form: FarForm, has_password: bool, lack: FarLack | None
) -> None:  # fmt: skip
    assert far_lack(form, has_password=has_password) is lack


def test_what_leaves_the_shop_is_encrypted() -> None:
    here = far_place(NAS, ())
    assert (here.medium, here.site, here.encrypted) == (Medium.NAS, Site.HERE, False)
    assert not here.offline  # a NAS elsewhere is always reachable, unlike a disk
    away = far_place(FarForm(host="nas", share="x", user="u", is_away=True), ())
    assert (away.site, away.encrypted, away.offline) == (Site.AWAY, True, False)
    cloud = far_place(FarForm(kind=FarKind.WEBDAV, url="a.de", user="u", is_away=True), ())
    assert (cloud.medium, cloud.encrypted, cloud.name) == (Medium.CLOUD, True, "Nextcloud")


def test_two_of_one_name_have_two_ids() -> None:
    one = far_place(NAS, ())
    other = far_place(NAS, (one,))
    assert (one.id, other.id) == ("nas-im-lager", "nas-im-lager-2")


def test_a_disk_of_the_same_name_takes_another_id() -> None:
    """The password lies under the id of the NAS already."""
    disk = Place(at="/mnt/a/Ladentresor", name="NAS im Lager")
    draft = Draft(folders=("/daten",), places=(disk, far_place(NAS, (disk,))))
    plan = read_plan(plan_text(draft, "PC"), source="x", windows=False)
    assert [one.id for one in plan.destinations] == ["nas-im-lager-2", "nas-im-lager"]


def test_what_a_plan_would_refuse_is_said_before() -> None:
    bad = far_place(FarForm(host="my nas!", share="x", user="u"), ())
    assert place_problem(bad) is not None


def test_what_the_probe_told() -> None:
    place = far_place(NAS, ())
    found = probe_told(
        place,
        {"usable": True, "free": 5, "total": 9, "up": 2.5, "down": None, "concerns": ["full"]},
        "",
    )
    assert (found.finding, found.free, found.up, found.down) == (Finding.PASSED, 5, 2.5, 0.0)
    assert found.concerns == ("full",)
    assert found.device.now == "host:diskstation"
    failed = probe_told(place, {}, "weist die Anmeldung ab.")
    assert (failed.finding, failed.said) == (Finding.FAILED, "weist die Anmeldung ab.")
