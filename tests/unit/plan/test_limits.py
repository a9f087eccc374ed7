"""The working-hours profile: what is written, when the rate changes, also where clocks jump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plan.limits import (
    Hours,
    Limits,
    WhenMetered,
    hours_text,
    is_working,
    next_change,
    parse_hours,
    parse_rate,
    rate_at,
)
from core.plan.problems import PlanError, ProblemCode
from core.plan.read import read_plan

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [BERLIN, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]
)
HOURS = st.builds(
    Hours,
    st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True).map(tuple),
    st.integers(0, 24 * 60 - 1),
    st.integers(0, 24 * 60),
)
LIMITS = st.builds(
    lambda spans: Limits(working_hours=tuple(spans), upload=None, upload_working_hours=1000),
    st.lists(HOURS, min_size=1, max_size=3),
)
MOMENTS = st.datetimes(datetime(2018, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001 - made UTC
    lambda naive: naive.replace(tzinfo=UTC, second=0, microsecond=0)
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


# -- what is written ------------------------------------------------------------------------------


def test_hours() -> None:
    assert parse_hours("mo-fr 08:00-18:30") == Hours((0, 1, 2, 3, 4), 480, 1110)
    assert parse_hours("Sa 09:00-14:00") == Hours((5,), 540, 840)
    assert parse_hours("fr-mo 22:00-02:00") == Hours((4, 5, 6, 0), 1320, 120)
    assert parse_hours("di-do 00:00-24:00") == Hours((1, 2, 3), 0, 1440)
    for bad in ("", "8-18", "mo 8:00-18:00", "mo 08:00-25:00", "mo 24:00-25:00", "xx 08:00-09:00"):
        with pytest.raises(ValueError):
            parse_hours(bad)


def test_rates() -> None:
    assert parse_rate("8 Mbit/s") == 1_000_000
    assert parse_rate("500 kB/s") == 500_000
    assert parse_rate("1,5 Mbit/s") == parse_rate("1.5Mbit/s") == 187_500
    assert parse_rate("1 Gbit/s") == 125_000_000
    assert parse_rate("unlimited") is None
    for bad in ("", "0 kB/s", "8", "8 mbit/s", "-1 kB/s", "8 MB", "1.55 MB/s", "9999999 MB/s"):
        with pytest.raises(ValueError):
            parse_rate(bad)


PLAN = """
[[systems]]
id = "laden"
[[systems.sources]]
paths = ["/laden"]
[[destinations]]
id = "platte"
location = { path = "/platte" }
[[copies]]
system = "laden"
destination = "platte"
"""


def test_in_a_plan() -> None:
    assert read_plan(PLAN, source="plan.toml").limits == Limits()
    text = """
[limits]
working_hours = ["mo-fr 08:00-18:30", "sa 09:00-14:00"]
upload = "20 Mbit/s"
upload_working_hours = "2 Mbit/s"
metered = "go"
battery_least = 50
"""
    assert read_plan(PLAN + text, source="plan.toml").limits == Limits(
        working_hours=SHOP.working_hours,
        upload=2_500_000,
        upload_working_hours=250_000,
        metered=WhenMetered.GO,
        battery_least=50,
    )
    assert [hours_text(one) for one in SHOP.working_hours] == [
        "mo-fr 08:00-18:30",
        "sa 09:00-14:00",
    ]
    text = '[limits]\nupload = "1 MB/s"\n'
    slow = read_plan(PLAN + text, source="plan.toml").limits
    assert slow.upload == slow.upload_working_hours == 1_000_000


def test_mistakes_in_a_plan() -> None:
    text = """
[limits]
working_hours = ["8-18 Uhr"]
upload = "schnell"
metered = "ja"
battery_least = 101
uplaod = "1 MB/s"
"""
    with pytest.raises(PlanError) as caught:
        read_plan(PLAN + text, source="plan.toml")
    found = [(one.key, one.code) for one in caught.value.problems]
    assert found == [
        ("limits.working_hours[1]", ProblemCode.WRONG_HOURS),
        ("limits.upload", ProblemCode.WRONG_RATE),
        ("limits.metered", ProblemCode.WRONG_CHOICE),
        ("limits.battery_least", ProblemCode.OUT_OF_RANGE),
        ("limits.uplaod", ProblemCode.UNKNOWN_KEY),
    ]


# -- when it changes ------------------------------------------------------------------------------

SHOP = Limits(
    working_hours=(parse_hours("mo-fr 08:00-18:30"), parse_hours("sa 09:00-14:00")),
    upload=None,
    upload_working_hours=250_000,
)


def test_a_week_in_the_shop() -> None:
    changes, moment = [], local("2026-11-21T20:00").astimezone(UTC)
    for _ in range(12):
        found = next_change(SHOP, moment, BERLIN)
        assert found is not None
        moment = found
        changes.append(f"{moment.astimezone(BERLIN):%a %H:%M}")
    days = ["Mon", "Tue", "Wed", "Thu", "Fri"]
    expected = [f"{day} {time}" for day in days for time in ("08:00", "18:30")]
    assert changes == [*expected, "Sat 09:00", "Sat 14:00"]


def test_beyond_midnight() -> None:
    bar = Limits(working_hours=(parse_hours("fr 22:00-02:00"),), upload_working_hours=1)
    assert is_working(bar, local("2026-11-20T23:59"))
    assert is_working(bar, local("2026-11-21T01:59"))
    assert not is_working(bar, local("2026-11-21T02:00"))
    assert not is_working(bar, local("2026-11-20T01:00"))


def test_the_hour_that_is_skipped_and_the_one_that_comes_twice() -> None:
    """On 28 March 2027 clocks jump from 2:00 to 3:00, on 31 October from 3:00 back to 2:00."""
    night = Limits(working_hours=(parse_hours("so 02:30-04:00"),), upload_working_hours=1)
    spring = datetime(2027, 3, 28, tzinfo=UTC)
    begins = next_change(night, spring, BERLIN)
    assert begins == spring.replace(hour=1)  # 2:30 never comes; at 3:00 it is working time
    ends = next_change(night, begins, BERLIN)
    assert ends == spring.replace(hour=2)
    autumn, changes = datetime(2027, 10, 30, 23, tzinfo=UTC), []
    for _ in range(4):
        found = next_change(night, autumn, BERLIN)
        assert found is not None
        autumn = found
        changes.append(autumn.strftime("%H:%M"))
    # 2:30 summer time, back to 2:00 at 1:00 UTC, 2:30 winter time, 4:00
    assert changes == ["00:30", "01:00", "01:30", "03:00"]


@given(limits=LIMITS, moment=MOMENTS, zone=ZONES, share=st.floats(0, 0.999))
def test_constant_until_it_changes(
    limits: Limits, moment: datetime, zone: ZoneInfo, share: float
) -> None:
    found = next_change(limits, moment, zone)
    now = rate_at(limits, moment, zone)
    if found is None:
        for hour in range(0, 8 * 24, 5):
            assert rate_at(limits, moment + timedelta(hours=hour), zone) == now
        return
    assert found > moment
    assert rate_at(limits, found, zone) != now
    assert rate_at(limits, found - timedelta(seconds=1), zone) == now
    assert rate_at(limits, moment + (found - moment) * share, zone) == now


@given(moment=MOMENTS, zone=ZONES, hours=HOURS)
def test_without_a_difference_nothing_changes(
    moment: datetime, zone: ZoneInfo, hours: Hours
) -> None:
    same = Limits(working_hours=(hours,), upload=5, upload_working_hours=5)
    assert next_change(same, moment, zone) is None
    assert next_change(Limits(), moment, zone) is None
    assert rate_at(Limits(), moment, zone) is None


def test_the_zone_of_the_pc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        for text in ("2026-07-06T05:00", "2026-12-07T05:00", "2027-03-28T00:10"):
            moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
            assert next_change(SHOP, moment) == next_change(SHOP, moment, BERLIN)
            assert rate_at(SHOP, moment) == rate_at(SHOP, moment, BERLIN)
    finally:
        monkeypatch.undo()
        time.tzset()
