"""Object lock and versions, against a server that has both; what a thief can do and what he cannot.

The server's clock is turned (`pass_by`): locks go by it, for the program too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from core.clock import SystemClock
from core.errors import Exit
from tests.engine.stage import Event, Layout, Shop, events, make_shop, next_second, only
from tests.support import keys
from tests.support.http_proxy import Refusal, before
from tests.support.locking_bucket import LockingBucket, locking_bucket, missing
from tests.support.trees import compare, snapshot

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed: {missing()}")
DAY = timedelta(days=1)
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[LockingBucket]:
    with locking_bucket(tmp_path / "server") as made:
        yield made


def shop_at(root: Path, bucket: LockingBucket, layout: Layout, **place: str | int) -> Shop:
    there = bucket.place(**place)  # type: ignore[arg-type]
    made = make_shop(root, disks=("nas",), layout=layout, places={"nas": there})
    for number in range(5):
        (made.source / f"Rechnung {number}.txt").write_text(f"Rechnung {number}")
    return made


def moment() -> str:
    """Now, as one types it, and another second begins."""
    next_second()
    text = SystemClock().local().isoformat(timespec="seconds")
    next_second()
    return text


def ends(bucket: LockingBucket) -> dict[str, datetime | None]:
    """Of each key that is to be seen, the end of its lock, told by the server."""
    return {
        one["Key"]: bucket.locked_until(one["Key"], one["VersionId"])
        for one in bucket.versions()
        if one["IsLatest"] and not one["marker"]
    }


def all_locked(bucket: LockingBucket, lasting: timedelta = 30 * DAY) -> None:
    """Each object that is to be seen is locked as long as the plan says, from now on."""
    now = SystemClock().now() + bucket.ahead - timedelta(minutes=5)
    found = ends(bucket)
    assert len(found) > 5
    free = {key: end for key, end in found.items() if end is None or end < now + lasting}
    assert not free


def lock_check(shop: Shop) -> Event:
    """What `doctor` says of the locks."""
    told = shop.run("doctor", rc=Exit.PARTLY)
    return only([one for one in told if one.get("check") == "lock laden@nas"])


def alerts(shop: Shop) -> list[Event]:
    """What is open."""
    shop.run("alerts", "send", rc=Exit.ALERT_PROBLEM)
    return [one for one in shop.run("alerts", "list") if "code" in one]


def as_it_was(shop: Shop, number: int, at: str, into: Path) -> list[str]:
    """How the state of a day, read from the bucket as it was, differs from the source then."""
    shop.run("restore", "laden", "--as-of", at, "--at", str(number), "--into", str(into))
    return compare(shop.days[number]["shop"], snapshot(into / "shop", with_root=True), xattrs=False)


def test_weeks_with_a_lock(tmp_path: Path, bucket: LockingBucket) -> None:
    """Everything is locked at once, stays so while runs come, and is free when none comes."""
    shop = shop_at(tmp_path, bucket, "sealed")
    result = shop.day()["nas"]
    assert result["outcome"] == "committed"
    all_locked(bucket)
    locked = only(events(shop.run("verify"), "locked"))
    assert locked["good"]
    assert datetime.fromisoformat(locked["until"]) > SystemClock().now() + 39 * DAY
    first = set(bucket.seen())
    bucket.pass_by(days=12)
    (shop.source / "neu.txt").write_text("am zwölften Tag")
    shop.day()
    all_locked(bucket)  # also what was sent on the first day
    before_run = ends(bucket)
    bucket.pass_by(days=1)
    shop.day()
    after_run = ends(bucket)
    assert {key: after_run[key] for key in first} == {key: before_run[key] for key in first}
    bucket.pass_by(days=29)
    shop.day()
    all_locked(bucket)
    count = sum(not one["marker"] for one in bucket.versions())
    assert bucket.delete_for_ever() == count
    assert shop.differences(1, 2, 4, disk="nas") == []
    bucket.pass_by(days=45)  # the shop is closed for longer than its lock
    assert bucket.delete_for_ever() == 0


@pytest.mark.parametrize("layout", ["bundled", pytest.param("sealed", marks=pytest.mark.full)])
def test_a_thief_deletes_and_overwrites(
    tmp_path: Path, bucket: LockingBucket, layout: Layout
) -> None:
    """All is to be had as it was before him, on this PC and on a bare one."""
    shop = shop_at(tmp_path, bucket, layout)
    shop.day()
    (shop.source / "neu.txt").write_text("am zweiten Tag")
    shop.day()
    yesterday = moment()
    bucket.delete_for_ever()
    bucket.overwrite_all()
    bucket.delete_all()
    failed = only(
        [
            one
            for one in shop.run("backup", rc=Exit.DESTINATION_UNREACHABLE)
            if one.get("event") == "error"
        ]
    )
    assert failed["code"] == "destination_emptied"
    told = shop.run("snapshots", "--as-of", yesterday)
    assert [line["run"] for line in told if "run" in line] == [shop.runs[1], shop.runs[2]]
    assert as_it_was(shop, 1, yesterday, tmp_path / "eins") == []
    assert as_it_was(shop, 2, yesterday, tmp_path / "zwei") == []
    seen = len(bucket.seen())
    counted = only(events(shop.run("rewind", "nas", "--as-of", yesterday, "--dry-run"), "rewound"))
    assert counted["copied"] > 5
    assert len(bucket.seen()) == seen
    here, new = shop.home, tmp_path / "neuer PC"
    keys.put_secret(new, "nas.password", bucket.place().password)
    if shop.pair is not None:
        keys.put_pair(new, shop.pair)
    address = bucket.place().address
    adopted = shop.run("adopt", address, "--for", "nas", "--as-of", yesterday, home=new)
    assert only(events(adopted, "adopted"))["states"] == 2
    shop.home = new
    assert as_it_was(shop, 2, yesterday, tmp_path / "drei") == []
    late = shop.run(
        "adopt",
        address,
        "--for",
        "nas",
        "--as-of",
        yesterday,
        "--take-over",
        home=new,
        rc=Exit.USAGE,
    )
    assert only(events(late, "error"))["code"] == "past_is_past"
    shop.home = here
    back = only(events(shop.run("rewind", "nas", "--as-of", yesterday), "rewound"))
    assert (back["copied"], back["lost"]) == (counted["copied"], 0)
    shop.day()
    all_locked(bucket)
    assert shop.differences(1, 2, 3, disk="nas") == []
    assert only(events(shop.run("verify", "--full"), "verified"))["sound"]


def test_what_a_clean_up_lets_go_of(tmp_path: Path, bucket: LockingBucket) -> None:
    """Out of sight at once, gone when its lock has ended; but not what a thief hid."""
    shop = shop_at(tmp_path, bucket, "bundled")
    for day in range(1, 7):
        (shop.source / "groß.bin").write_bytes(Random(day).randbytes(100_000))
        shop.day()
    config = shop.home / "config" / "plan.toml"
    config.write_text(config.read_text() + "keep = { daily = 1 }\n")
    stored = sum(one["Size"] for one in bucket.versions() if not one["marker"])
    pruned = only(events(shop.run("prune"), "pruned"))
    assert pruned["run"]
    assert pruned["swept"] == 0
    assert pruned["locked"] > 250_000
    assert datetime.fromisoformat(pruned["locked_until"]) > SystemClock().now() + 30 * DAY
    assert sum(one["Size"] for one in bucket.versions() if not one["marker"]) >= stored
    hidden = max(key for key in bucket.seen() if key.endswith(".zip"))  # of the newest run
    bucket.client.delete_object(Bucket="laden-eimer", Key=hidden)
    bucket.pass_by(days=50)
    pruned = only(events(shop.run("prune"), "pruned"))
    assert pruned["swept"] > 250_000
    assert pruned["locked"] == 0
    left = {one["Key"] for one in bucket.versions()}
    assert hidden in left
    assert left - {hidden} == set(bucket.seen())
    for marker in [one for one in bucket.versions() if one["marker"]]:
        bucket.client.delete_object(
            Bucket="laden-eimer", Key=marker["Key"], VersionId=marker["VersionId"]
        )
    assert shop.differences(4, 5, 6, disk="nas") == []


def test_a_bucket_that_cannot_lock(tmp_path: Path) -> None:
    """Backed up all the same, and said until it is mended."""
    with locking_bucket(tmp_path / "server", locks=False) as bucket:
        shop = shop_at(tmp_path, bucket, "bundled")
        told = shop.run("backup", rc=Exit.PARTLY)
        assert only(events(told, "result"))["outcome"] == "committed"
        assert only(events(told, "error"))["code"] == "lock_no_bucket"
        assert set(ends(bucket).values()) == {None}
        status = [one for one in shop.run("status") if "unlocked" in one]
        assert only(status)["unlocked"] == "lock_no_bucket"
        found = lock_check(shop)
        assert not found["good"]
        assert "Object Lock" in found["text"]
        verified = shop.run("verify", rc=Exit.PARTLY)
        assert only(events(verified, "locked"))["code"] == "lock_no_bucket"
        assert "unlocked" in {one["code"] for one in alerts(shop)}


def test_a_login_that_may_not_lock(tmp_path: Path, bucket: LockingBucket) -> None:
    """Told in plain words; when the right is there, all that was sent without is locked too."""
    with before(bucket.port) as proxy:
        shop = shop_at(tmp_path, bucket, "bundled", port=proxy.port)
        proxy.refuse = lambda method, path: (
            Refusal(403, DENIED) if method == "PUT" and "retention" in path else None
        )
        told = shop.run("backup", rc=Exit.PARTLY)
        assert only(events(told, "error"))["code"] == "lock_no_rights"
        assert "s3:PutObjectRetention" in only(events(told, "error"))["next_step"]
        assert set(ends(bucket).values()) == {None}
        proxy.refuse = lambda method, path: None
        shop.day()
        all_locked(bucket)
        assert lock_check(shop)["good"]


@pytest.mark.full
def test_without_lock_in_the_plan_nothing_is_asked(tmp_path: Path, bucket: LockingBucket) -> None:
    with before(bucket.port) as proxy:
        shop = shop_at(tmp_path, bucket, "bundled", lock="", port=proxy.port)
        shop.day()
        assert not [
            one for one in proxy.asked if "object-lock" in one.path or "retention" in one.path
        ]
        assert set(ends(bucket).values()) == {None}


@pytest.mark.full
def test_what_a_lock_costs(tmp_path: Path, bucket: LockingBucket) -> None:
    """A run that renews nothing, as the first one: two questions before it, one after it."""
    asked = {}
    for lock in ("", "30d"):
        with before(bucket.port) as proxy:
            shop = shop_at(tmp_path / f"mit{lock}", bucket, "bundled", lock=lock, port=proxy.port)
            if lock:
                bucket.delete_all()
            shop.backup()
            first = [one for one in proxy.asked if "retention" in one.path]
            assert len(first) == bool(lock)
            shop.backup()
            proxy.forget()
            shop.backup()
            asked[lock] = len(proxy.asked)
    assert asked["30d"] == asked[""] + 3, asked


@pytest.mark.full
def test_compliance(tmp_path: Path, bucket: LockingBucket) -> None:
    """What is locked that way nobody frees, and the plan may go back to governance."""
    shop = shop_at(tmp_path, bucket, "bundled", mode="compliance")
    shop.day()
    modes = {
        bucket.client.head_object(Bucket="laden-eimer", Key=key)["ObjectLockMode"]
        for key in bucket.seen()
    }
    assert modes == {"COMPLIANCE"}
    config = shop.home / "config" / "plan.toml"
    config.write_text(config.read_text().replace('"compliance"', '"governance"'))
    bucket.pass_by(days=20)
    (shop.source / "neu.txt").write_text("später")
    shop.day()
    all_locked(bucket)


@pytest.mark.full
def test_the_clock_here_is_not_asked(tmp_path: Path, bucket: LockingBucket) -> None:
    """Locks end by the clock over there, which may be ahead by years in a test and minutes else."""
    bucket.pass_by(minutes=10)
    shop = shop_at(tmp_path, bucket, "bundled", lock="1d")
    shop.day()
    all_locked(bucket, DAY)
