"""What `doctor --report` writes down for whoever helps: facts and codes, no secret, no name.

Left out on purpose: file names, addresses of people, the text of the plan, whatever opens
anything. What the checks say passes through `covered`.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from core import VERSION
from core.cli.context import Context
from core.clock import stamp
from core.copies.jobs import open_store
from core.errors import Code, KnownError
from core.plan.model import Plan

_LAST_RUNS = 40
_LAST_EVENTS = 40
_MAIL = re.compile(r"[^\s/<>()\"'„“,;:]+@([\w.-]+\.\w+)")
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")


def write_report(context: Context, path: Path, checks: Sequence[tuple[str, bool, str]]) -> None:
    """A new text file. checks: name, good, text. KnownError EXPORT_NOT_WRITTEN."""
    text = "\n".join(_lines(context, checks)) + "\n"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        cause = error.strerror or str(error)
        raise KnownError(Code.EXPORT_NOT_WRITTEN, path=str(path), cause=cause) from error


def covered(text: str, names: Sequence[str] = (), folder: str = "") -> str:
    """Without mail addresses, accounts in web addresses, these names, and the user's own folder."""
    text = _LOGIN.sub("…@", text)
    text = _MAIL.sub(r"…@\1", text)
    if len(folder) > 1:
        text = text.replace(folder, "~")
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text)
    return text


def _lines(context: Context, checks: Sequence[tuple[str, bool, str]]) -> Iterator[str]:
    t = context.texts.t
    plan: Plan | None = None
    try:
        plan = context.reading_plan()
    except KnownError as error:
        problem = str(error.code)
    names = [person.name for person in plan.people if person.name != person.id] if plan else []
    yield t("Bericht von Ladentresor, ohne Kennwörter, Schlüssel und Dateinamen")
    yield stamp(context.clock.now())
    yield f"Ladentresor {VERSION}, Python {platform.python_version()}, {platform.platform()}"
    yield ""
    yield t("Prüfung")
    for name, good, text in checks:
        said = covered(text, names, _user_folder())
        yield f"{'+' if good else '-'} {name}: {said}"
    yield ""
    yield t("Plan")
    yield from _plan_lines(plan) if plan is not None else (problem,)
    try:
        yield from _store_lines(context)
    except KnownError as error:
        yield str(error.code)


def _user_folder() -> str:
    try:
        return str(Path.home())
    except RuntimeError:  # no such user
        return ""


def _plan_lines(plan: Plan) -> Iterator[str]:
    """What kind of plan it is, by ids."""
    for system in plan.systems:
        yield f"system {system.id}: {system.mode}, {len(system.folders)} folders, rpo {system.rpo}"
    for where in plan.destinations:
        kind = type(where.location).__name__
        marks = [
            name
            for name, is_so in (
                ("encrypted", where.encrypted),
                ("offline", where.offline),
                ("removable", where.removable),
            )
            if is_so
        ]
        facts = (kind, str(where.medium), str(where.site), str(where.layout), *marks)
        yield f"destination {where.id}: {', '.join(facts)}"
    for copy in plan.copies:
        yield f"copy {copy.system} > {copy.destination}: every {copy.every}"
    limits, alerts = plan.limits, plan.alerts
    yield (
        f"limits: upload {limits.upload}, in working hours {limits.upload_working_hours},"
        f" {len(limits.working_hours)} spans, metered {limits.metered},"
        f" battery {limits.battery_least}"
    )
    yield (
        f"alerts: {len(plan.people)} people, mail {alerts.smtp is not None},"
        f" desktop {alerts.desktop}, heartbeat {bool(alerts.heartbeat)}"
    )


def _store_lines(context: Context) -> Iterator[str]:
    t = context.texts.t
    with open_store(context.home, context.clock) as store:
        runs = store.numbered_runs()[:_LAST_RUNS]
        events = store.events(lasting=False)[-_LAST_EVENTS:]
        alerts = store.alerts.open_events()
    yield ""
    yield t("Letzte Läufe")
    for _, row in runs:
        yield (
            f"{row.began} {row.ended} {row.system} > {row.destination}: {row.status} {row.code}"
            f" files {row.files}, bytes {row.bytes}, new {row.new_bytes}, skipped {row.skipped}"
        )
    yield ""
    yield t("Ereignisse")
    for event in events:
        end = event.ended or "…"
        yield f"{event.since} – {end} {event.code} {event.system} {event.destination}".rstrip()
    for alert in alerts:
        yield f"{alert.since} ! {alert.code} {alert.system} {alert.destination}".rstrip()
