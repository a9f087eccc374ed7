"""Numbers, sizes, ages, durations and dates as people write them, German and English (UI.md §8).

Pure functions. Moments are aware; `zone` is the reader's time zone, None that of this PC.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

Lang = Literal["de", "en"]

_UNITS = ("kB", "MB", "GB", "TB", "PB")
_WEEKDAYS = {
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split(),
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
}
_SHORT_WEEKDAYS = {
    "de": "Mo. Di. Mi. Do. Fr. Sa. So.".split(),
    "en": "Mon Tue Wed Thu Fri Sat Sun".split(),
}
_MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November "
    "Dezember".split(),
    "en": "January February March April May June July August September October November "
    "December".split(),
}
_SHORT_MONTHS = {
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sep. Okt. Nov. Dez.".split(),
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),
}
# singular, plural in "vor 3 …" / "3 … ago", plural on its own ("etwa 3 …")
_WORDS = {
    "de": {
        "month": ("Monat", "Monaten", "Monate"),
        "week": ("Woche", "Wochen", "Wochen"),
        "day": ("Tag", "Tagen", "Tage"),
        "hour": ("Stunde", "Stunden", "Stunden"),
        "minute": ("Minute", "Minuten", "Minuten"),
        "second": ("Sekunde", "Sekunden", "Sekunden"),
    },
    "en": {
        name: (name, f"{name}s", f"{name}s")
        for name in ("month", "week", "day", "hour", "minute", "second")
    },
}
_SHORT_WORDS = {
    "de": {"hour": "Std.", "minute": "Min.", "second": "Sek."},
    "en": {"hour": "h", "minute": "min", "second": "s"},
}


def count(number: int, lang: Lang) -> str:
    """`24.004` / `24,004`."""
    text = f"{number:,}"
    return text.replace(",", ".") if lang == "de" else text


def decimal(number: float, digits: int, lang: Lang) -> str:
    """`1.234,5` / `1,234.5`."""
    text = f"{number:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if lang == "de" else text


def size(size_bytes: int, lang: Lang) -> str:
    """`1,6 GB`: decimal units as disks are sold, one digit after the comma below a hundred."""
    if abs(size_bytes) < 1000:
        word = {"de": ("Byte", "Byte"), "en": ("byte", "bytes")}[lang][size_bytes != 1]
        return f"{size_bytes} {word}"
    # whole numbers all along: exact at any size, and 999 950 becomes 1 MB, not 1.000 kB
    for power, unit in enumerate(_UNITS, start=1):
        whole = _rounded(size_bytes, 1000**power)
        tenths = _rounded(size_bytes, 1000**power // 10)
        if abs(whole) < 1000 or unit == _UNITS[-1]:
            break
    if abs(tenths) >= 1000 or tenths % 10 == 0:
        return f"{count(whole, lang)} {unit}"
    return f"{decimal(tenths / 10, 1, lang)} {unit}"


def rate(bytes_per_second: float, lang: Lang) -> str:
    """`1,4 MB/s`."""
    return f"{size(round(bytes_per_second), lang)}/s"


def age(
    moment: datetime | None,
    now: datetime,
    lang: Lang,
    *,
    zone: tzinfo | None = None,
    short: bool = False,
) -> str:
    """`vor 6 Stunden`, `gestern`, `vor 18 Tagen`, rounded down; None is `noch nie` (UI.md §8).

    `short` is for tables: `vor 6 Std.`. A moment in the future, from a clock that was set back, is
    said as such: no age may look younger than it is.
    """
    german = lang == "de"
    if moment is None:
        return "noch nie" if german else "never"
    passed = now - moment
    if passed < timedelta(minutes=-1):
        return "laut Uhr in der Zukunft" if german else "in the future by the clock"
    if passed < timedelta(minutes=1):
        return "gerade eben" if german else "just now"
    days = (now.astimezone(zone).date() - moment.astimezone(zone).date()).days
    if passed < timedelta(hours=1):
        number, unit = passed // timedelta(minutes=1), "minute"
    elif days == 0 or passed < timedelta(hours=12):
        number, unit = passed // timedelta(hours=1), "hour"
    elif days == 1:
        return "gestern" if german else "yesterday"
    elif days <= 180:
        number, unit = days, "day"
    else:
        number, unit = days * 12 // 365, "month"
    word = _SHORT_WORDS[lang].get(unit) if short else None
    word = word or _WORDS[lang][unit][number != 1]
    return f"vor {number} {word}" if german else f"{number} {word} ago"


def about(duration: timedelta, lang: Lang) -> str:
    """A humble guess of time ahead: `etwa 12 Minuten`, `etwa 2,5 Stunden` (UI.md §8).

    Steps of 1 up to 20 minutes, then of 5, from an hour on of half an hour, from five of one.
    """
    seconds = max(0, int(duration.total_seconds()))
    minutes = -(-seconds // 60)
    if minutes > 20:
        minutes = -(-minutes // 5) * 5
    if minutes < 60:
        text = _amount(max(1, minutes), "minute", lang)
    elif (halves := -(-minutes // 30)) < 10 and halves % 2:
        text = f"{decimal(halves / 2, 1, lang)} {_WORDS[lang]['hour'][2]}"
    else:
        text = _amount(-(-minutes // 60), "hour", lang)
    return f"etwa {text}" if lang == "de" else f"about {text}"


def measured(duration: timedelta, lang: Lang) -> str:
    """A measured time, exact: `3 Min. 12 Sek.`, `2 Std. 5 Min.`, `0,4 Sek.`."""
    words = _SHORT_WORDS[lang]
    seconds = max(0.0, duration.total_seconds())
    if seconds < 9.95:
        return f"{decimal(seconds, 1, lang)} {words['second']}"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} {words['second']}"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} {words['minute']} {rest} {words['second']}"
    return f"{count(hours, lang)} {words['hour']} {minutes} {words['minute']}"


def span(duration: timedelta, lang: Lang) -> str:
    """A decided time as it is spoken: `24 Stunden`, `2 Wochen`, `90 Minuten`, `365 Tage`."""
    for unit, length in (
        ("week", timedelta(weeks=1)),
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
    ):
        if duration >= length and not duration % length:
            if unit == "week" and duration > timedelta(weeks=8):
                continue
            if unit == "day" and duration == timedelta(days=1):
                continue
            return _amount(duration // length, unit, lang)
    return _amount(duration // timedelta(minutes=1), "minute", lang)


def date(
    moment: datetime, lang: Lang, *, zone: tzinfo | None = None, now: datetime | None = None
) -> str:
    """`Mittwoch, 18. November`; with the year unless `now` lies in the same one."""
    local = moment.astimezone(zone)
    dot = "." if lang == "de" else ""
    text = f"{_WEEKDAYS[lang][local.weekday()]}, {local.day}{dot} {_MONTHS[lang][local.month - 1]}"
    return text + _year(local, zone, now)


def short_date(
    moment: datetime, lang: Lang, *, zone: tzinfo | None = None, now: datetime | None = None
) -> str:
    """`Mi., 18. Nov.`; with the year unless `now` lies in the same one."""
    local = moment.astimezone(zone)
    dot = "." if lang == "de" else ""
    day = f"{_SHORT_WEEKDAYS[lang][local.weekday()]}, {local.day}{dot}"
    return f"{day} {_SHORT_MONTHS[lang][local.month - 1]}" + _year(local, zone, now)


def clock(moment: datetime, lang: Lang, *, zone: tzinfo | None = None) -> str:
    """`3:12 Uhr` / `3:12`."""
    local = moment.astimezone(zone)
    text = f"{local.hour}:{local.minute:02d}"
    return f"{text} Uhr" if lang == "de" else text


def date_time(
    moment: datetime, lang: Lang, *, zone: tzinfo | None = None, now: datetime | None = None
) -> str:
    """`Mittwoch, 18. November 2026, 3:12 Uhr`."""
    return f"{date(moment, lang, zone=zone, now=now)}, {clock(moment, lang, zone=zone)}"


def until(moment: datetime, lang: Lang, *, now: datetime, zone: tzinfo | None = None) -> str:
    """A moment ahead, behind "bis": `18:00 Uhr`, `morgen, 6:00 Uhr`, else with its day."""
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    at = clock(moment, lang, zone=zone)
    if days == 0:
        return at
    if days == 1:
        return f"{'morgen' if lang == 'de' else 'tomorrow'}, {at}"
    return date_time(moment, lang, zone=zone, now=now)


def table_time(moment: datetime, lang: Lang, *, zone: tzinfo | None = None) -> str:
    """`18.11.2026 03:12` / `2026-11-18 03:12`: equally long, for columns."""
    local = moment.astimezone(zone)
    return local.strftime("%d.%m.%Y %H:%M" if lang == "de" else "%Y-%m-%d %H:%M")


def visible(text: str) -> str:
    """A text from the world (a file name, another program's words) made safe to show.

    Control characters could move the cursor, direction marks turn a name around, lone surrogates
    (bytes that are no UTF-8) cannot be printed: they become `\\x1b`, `\\u202e`, `\\xff`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if unicodedata.category(character) in _HIDDEN and character not in _JOINERS:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_JOINERS = "\u00ad\u200c\u200d"
"""Format characters that belong to words and emoji."""


def moment_of(text: str) -> datetime | None:
    """The moment an ISO text names (`2026-11-21T03:00:00Z`), None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _amount(number: int, unit: str, lang: Lang) -> str:
    words = _WORDS[lang][unit]
    return f"{count(number, lang)} {words[0] if number == 1 else words[2]}"


def _year(local: datetime, zone: tzinfo | None, now: datetime | None) -> str:
    if now is not None and now.astimezone(zone).year == local.year:
        return ""
    return f" {local.year}"


def _rounded(number: int, by: int) -> int:
    """`number / by`, rounded half up."""
    return (2 * number + by) // (2 * by)
