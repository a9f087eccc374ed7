"""Numbers, sizes, ages and times as people write them (UI.md §8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.texts import formats
from core.texts.formats import Lang

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("number", "de", "en"),
    [
        (0, "0 Byte", "0 bytes"),
        (1, "1 Byte", "1 byte"),
        (999, "999 Byte", "999 bytes"),
        (1000, "1 kB", "1 kB"),
        (1050, "1,1 kB", "1.1 kB"),
        (1_949_600, "1,9 MB", "1.9 MB"),
        (99_940, "99,9 kB", "99.9 kB"),
        (99_950, "100 kB", "100 kB"),
        (999_499, "999 kB", "999 kB"),
        (999_500, "1 MB", "1 MB"),
        (1_600_000_000, "1,6 GB", "1.6 GB"),
        (18_400_000_000, "18,4 GB", "18.4 GB"),
        (4 * 10**12, "4 TB", "4 TB"),
        (5 * 10**18, "5.000 PB", "5,000 PB"),
    ],
)
def test_size(number: int, de: str, en: str) -> None:
    assert (formats.size(number, "de"), formats.size(number, "en")) == (de, en)


@given(st.integers(0, 10**21))
def test_sizes_are_right_to_half_a_digit(number: int) -> None:
    value, unit = formats.size(number, "en").split(" ")
    power = {"byte": 0, "bytes": 0, "kB": 1, "MB": 2, "GB": 3, "TB": 4, "PB": 5}[unit]
    shown = float(value.replace(",", ""))
    step = 0.1 if shown < 100 else 1.0
    assert abs(shown - number / 1000**power) <= step / 2 + shown * 1e-9 + 1e-9


def test_counts_and_rates() -> None:
    assert (formats.count(24004, "de"), formats.count(24004, "en")) == ("24.004", "24,004")
    assert formats.decimal(1234.5, 2, "de") == "1.234,50"
    assert formats.rate(1_400_000, "de") == "1,4 MB/s"


AGES = [
    (timedelta(seconds=-30), "gerade eben", "just now"),
    (timedelta(minutes=-5), "laut Uhr in der Zukunft", "in the future by the clock"),
    (timedelta(seconds=59), "gerade eben", "just now"),
    (timedelta(minutes=1), "vor 1 Minute", "1 minute ago"),
    (timedelta(minutes=59, seconds=59), "vor 59 Minuten", "59 minutes ago"),
    (timedelta(hours=6, minutes=50), "vor 6 Stunden", "6 hours ago"),
    (timedelta(hours=11, minutes=59), "vor 11 Stunden", "11 hours ago"),
    (timedelta(hours=15, minutes=29), "vor 15 Stunden", "15 hours ago"),
    (timedelta(hours=15, minutes=31), "gestern", "yesterday"),
    (timedelta(hours=39), "gestern", "yesterday"),
    (timedelta(hours=40), "vor 2 Tagen", "2 days ago"),
    (timedelta(days=180), "vor 180 Tagen", "180 days ago"),
    (timedelta(days=215), "vor 7 Monaten", "7 months ago"),
    (timedelta(days=800), "vor 26 Monaten", "26 months ago"),
]


@pytest.mark.parametrize(("passed", "de", "en"), AGES)
def test_age(passed: timedelta, de: str, en: str) -> None:
    moment = (NOW.astimezone(UTC) - passed).astimezone(UTC)
    assert formats.age(moment, NOW, "de", zone=BERLIN) == de
    assert formats.age(moment, NOW, "en", zone=BERLIN) == en


def test_age_of_what_never_was_and_in_tables() -> None:
    assert (formats.age(None, NOW, "de"), formats.age(None, NOW, "en")) == ("noch nie", "never")
    for passed, text in ((12, "vor 12 Min."), (360, "vor 6 Std."), (60 * 24 * 18, "vor 18 Tagen")):
        moment = NOW.astimezone(UTC) - timedelta(minutes=passed)
        assert formats.age(moment, NOW, "de", zone=BERLIN, short=True) == text


def test_age_counts_calendar_days_over_a_clock_change() -> None:
    now = datetime(2026, 10, 26, 0, 30, tzinfo=BERLIN)  # the night of 25 October had 25 hours
    moment = datetime(2026, 10, 24, 23, 45, tzinfo=BERLIN)
    assert formats.age(moment, now, "de", zone=BERLIN) == "vor 2 Tagen"


@pytest.mark.parametrize(
    ("duration", "de", "en"),
    [
        (timedelta(0), "etwa 1 Minute", "about 1 minute"),
        (timedelta(seconds=61), "etwa 2 Minuten", "about 2 minutes"),
        (timedelta(minutes=20), "etwa 20 Minuten", "about 20 minutes"),
        (timedelta(minutes=21), "etwa 25 Minuten", "about 25 minutes"),
        (timedelta(minutes=56), "etwa 1 Stunde", "about 1 hour"),
        (timedelta(minutes=75), "etwa 1,5 Stunden", "about 1.5 hours"),
        (timedelta(minutes=120), "etwa 2 Stunden", "about 2 hours"),
        (timedelta(hours=5, minutes=10), "etwa 6 Stunden", "about 6 hours"),
        (timedelta(hours=1500), "etwa 1.500 Stunden", "about 1,500 hours"),
    ],
)
def test_about(duration: timedelta, de: str, en: str) -> None:
    assert (formats.about(duration, "de"), formats.about(duration, "en")) == (de, en)


@pytest.mark.parametrize(
    ("seconds", "de", "en"),
    [
        (0.42, "0,4 Sek.", "0.4 s"),
        (9.96, "10 Sek.", "10 s"),
        (59.7, "1 Min. 0 Sek.", "1 min 0 s"),
        (192, "3 Min. 12 Sek.", "3 min 12 s"),
        (7500, "2 Std. 5 Min.", "2 h 5 min"),
        (-1, "0,0 Sek.", "0.0 s"),
    ],
)
def test_measured(seconds: float, de: str, en: str) -> None:
    duration = timedelta(seconds=seconds)
    assert (formats.measured(duration, "de"), formats.measured(duration, "en")) == (de, en)


@pytest.mark.parametrize(
    ("duration", "de"),
    [
        (timedelta(minutes=90), "90 Minuten"),
        (timedelta(hours=8), "8 Stunden"),
        (timedelta(hours=24), "24 Stunden"),
        (timedelta(days=2), "2 Tage"),
        (timedelta(days=7), "1 Woche"),
        (timedelta(weeks=2), "2 Wochen"),
        (timedelta(days=90), "90 Tage"),
        (timedelta(days=364), "364 Tage"),
        (timedelta(days=365), "365 Tage"),
    ],
)
def test_span(duration: timedelta, de: str) -> None:
    assert formats.span(duration, "de") == de


def test_dates() -> None:
    moment = datetime(2026, 11, 18, 2, 12, tzinfo=UTC)
    assert formats.date(moment, "de", zone=BERLIN) == "Mittwoch, 18. November 2026"
    assert formats.date(moment, "de", zone=BERLIN, now=NOW) == "Mittwoch, 18. November"
    assert formats.date(moment, "en", zone=BERLIN, now=NOW) == "Wednesday, 18 November"
    assert formats.short_date(moment, "de", zone=BERLIN, now=NOW) == "Mi., 18. Nov."
    assert formats.short_date(moment, "en", zone=BERLIN) == "Wed, 18 Nov 2026"
    assert formats.clock(moment, "de", zone=BERLIN) == "3:12 Uhr"
    assert formats.clock(moment, "en", zone=BERLIN) == "3:12"
    assert formats.date_time(moment, "de", zone=BERLIN) == "Mittwoch, 18. November 2026, 3:12 Uhr"
    assert formats.table_time(moment, "de", zone=BERLIN) == "18.11.2026 03:12"
    assert formats.table_time(moment, "en", zone=BERLIN) == "2026-11-18 03:12"


def test_the_year_turns_in_the_readers_zone() -> None:
    moment = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert formats.date(moment, "de", zone=BERLIN, now=NOW) == "Freitag, 1. Januar 2027"


def test_moments_from_text() -> None:
    assert formats.moment_of("2026-11-18T02:12:00Z") == datetime(2026, 11, 18, 2, 12, tzinfo=UTC)
    assert formats.moment_of("2026-11-18T02:12:00") == datetime(2026, 11, 18, 2, 12, tzinfo=UTC)
    assert formats.moment_of("gestern") is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("preise.csv", "preise.csv"),
        ("Büro 📦 日本.txt", "Büro 📦 日本.txt"),
        ("a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"),
        ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
        ("rechnung\u202egpj.exe", "rechnung\\u202egpj.exe"),
        ("a\u2028b\ufeff", "a\\u2028b\\ufeff"),
        ("\udcff\udc80\ud83d", "\\xff\\x80\\ud83d"),
        ("👩\u200d🌾", "👩\u200d🌾"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert formats.visible(text) == shown


@given(st.text(), st.sampled_from(["de", "en"]))
def test_visible_texts_can_be_printed_anywhere(text: str, lang: Lang) -> None:
    shown = formats.visible(text)
    shown.encode("utf-8")
    assert not any(ord(character) < 32 for character in shown)
