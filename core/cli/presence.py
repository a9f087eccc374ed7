"""Working while nobody is signed in: switching that on and off, and what `doctor` says of it."""

from __future__ import annotations

from core import own_files
from core.agent import without_logon
from core.agent.autostart import Start
from core.agent.presence import read_sign, said_of
from core.cli.context import Context
from core.errors import Code, KnownError

_OURS = "ohne-anmeldung"
"""In the state folder: that it was us who switched it on."""


def work_without_logon(context: Context, start: Start) -> None:
    """Have the agent work also without logon. KnownError NEEDS_LOGON, AUTOSTART_FAILED."""
    way = without_logon.way_of_this_pc()
    if way is None:
        raise KnownError(Code.NEEDS_LOGON)
    context.home.make()
    if not way.is_on():
        way.switch_on(start)
        own_files.replace(context.home.state / _OURS, b"")
    context.output.say(
        "Er arbeitet jetzt auch, wenn niemand angemeldet ist: {place}", place=way.place
    )
    if any(where.needs_secret for where in context.reading_plan().destinations):
        context.output.say(
            "  → Den Schlüsselbund öffnet erst Ihre Anmeldung. Bis dahin warten Kopien, die daraus"
            " ein Geheimnis brauchen."
        )
    context.output.record("agent", state="works_without_logon", place=way.place)


def rest_without_logon(context: Context) -> list[str]:
    """Take that back where it was us who did it; where it was set."""
    mark = context.home.state / _OURS
    way = without_logon.way_of_this_pc()
    if way is None or not mark.exists():
        return []
    if way.is_on():
        way.switch_off()
    mark.unlink(missing_ok=True)
    return [way.place]


def judged(context: Context) -> tuple[bool, str]:
    """Whether all is well without anybody signed in, and the sentence to it."""
    t = context.texts.t
    way = without_logon.way_of_this_pc()
    if way is not None and way.is_on():
        return True, t("Ohne Anmeldung: der Hintergrunddienst arbeitet auch dann")
    sign = read_sign(context.home)
    if sign is None or not said_of(sign, context.clock.now()):
        return True, t("Ohne Anmeldung: ruht; versäumt wurde deshalb in dieser Woche nichts")
    text = t(
        "Ohne Anmeldung: dieser PC war {hours} Stunden an, ohne dass Sie angemeldet waren",
        hours=round(sign.away / 3600),
    )
    step = t("{program} agent install --always") if way else t("Sperren statt abmelden")
    return False, f"{text} → {step}"
