"""`agent`: the background process, and talking to it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from core.agent import autostart, pausing, wire
from core.agent.autostart import Start
from core.agent.begin import history
from core.agent.calling import ask, call
from core.agent.note import read_note
from core.agent.service import start_now
from core.cli import presence
from core.cli.context import Context
from core.cli.unlocking import unlock
from core.clock import parse_stamp, stamp
from core.copies.jobs import open_store
from core.errors import Code, Exit, KnownError
from core.plan.model import Plan, Schedule
from core.store.pauses import Pause, end_pause, pause_of, set_pause
from core.texts import PROGRAM, t
from core.texts.events import sentence
from core.texts.formats import date_time, until

_PATIENCE = 60.0
JOB = "agent-job"
"""The word that makes a process of this program a job of an agent (core/__main__.py)."""

_WAITS = {
    "nothing": t("beginnt"),
    "not_due": t("nächste Kopie {next}"),
    "not_attached": t("fällig, Platte nicht angeschlossen"),
    "settling": t("fällig, beginnt gleich"),
    "spread": t("fällig, beginnt gleich"),
    "retry": t("fällig, nächster Versuch {next}"),
    "shop_open": t("fällig, wartet auf den Ladenschluss {next}"),
    "battery": t("fällig, wartet auf Strom"),
    "metered": t("fällig, wartet auf eine Verbindung ohne Volumentarif"),
    "paused": t("fällig, Pause bis {next}"),
    "locked": t("fällig, wartet auf die Passphrase: {program} agent unlock"),
}
_RANKS = {
    "restore": t("Zurückholen"),
    "manual": t("von Hand"),
    "due": t("fällig"),
}


def agent(context: Context, options: argparse.Namespace) -> Exit:
    """agent | agent status | start | stop | run-now | install | remove | pause | resume"""
    doing = {
        "status": _status,
        "start": _start,
        "stop": _stop,
        "run-now": _run_now,
        "install": _install,
        "remove": _remove,
        "pause": _pause,
        "resume": _resume,
        "unlock": unlock,
    }
    if options.agent_verb is None:
        return _run(context, at_once=options.at_once)
    return doing[options.agent_verb](context, options)


def job_command() -> tuple[str, ...]:
    """What starts a job process: this very program, in whichever form it runs."""
    if getattr(sys, "frozen", False):
        return (sys.executable, JOB)
    return (sys.executable, "-m", "core", JOB)


def what_to_start(context: Context) -> Start:
    """The agent of this very home, as it is to be started at logon."""
    command = job_command()[:-1]
    words = [*command, *_home_words(context), "--lang", context.texts.lang, "agent"]
    environment = {} if getattr(sys, "frozen", False) else {"PYTHONPATH": _root()}
    if context.texts.program != PROGRAM:
        environment["LADENTRESOR_CALLED"] = context.texts.program
    return Start(tuple(words), environment)


def _home_words(context: Context) -> list[str]:
    """`--home` unless it is the user's own home, which every logon finds by itself."""
    home = context.home
    if home.config.parent == home.state.parent == home.cache.parent:
        return ["--home", str(home.state.parent)] if home.state.name == "state" else []
    return []


def _root() -> str:
    return str(Path(__file__).resolve().parents[2])


def _install(context: Context, options: argparse.Namespace) -> Exit:
    way = autostart.install(what_to_start(context), autostart.entries())
    context.output.say(
        "Bei jeder Anmeldung startet jetzt der Hintergrunddienst: {place}", place=way.place
    )
    if ask(context.home, {"do": "status"}) is None:
        context.output.say("  → Gleich jetzt startet ihn: {program} agent start")
    context.output.record("agent", state="installed", place=way.place)
    if options.always:
        presence.work_without_logon(context, what_to_start(context))
    return Exit.OK


def _start(context: Context, options: argparse.Namespace) -> Exit:
    """Returns when it answers."""
    from core.cli.main import PASSPHRASE  # it is what loads us

    if ask(context.home, {"do": "status"}) is None:
        start = what_to_start(context)
        if context.passphrase:
            start = Start(start.command, {**start.environment, PASSPHRASE: context.passphrase})
        if not start_now(context.home, start, autostart.entries()):
            raise KnownError(Code.AGENT_ABSENT)
        context.output.say("Der Hintergrunddienst läuft jetzt.")
    else:
        context.output.say("Der Hintergrunddienst läuft schon.")
    note = read_note(context.home)
    context.output.record("agent", state="started", pid=note.pid if note else None)
    return Exit.OK


def _remove(context: Context, options: argparse.Namespace) -> Exit:
    places = [*autostart.remove(autostart.entries()), *presence.rest_without_logon(context)]
    for place in places:
        context.output.say("Bei der Anmeldung startet er nicht mehr: {place}", place=place)
    if not places:
        context.output.say("Für den Start bei der Anmeldung war nichts eingerichtet.")
    context.output.record("agent", state="removed", places=places)
    return Exit.OK if places else Exit.NOTHING_DONE


def _run(context: Context, *, at_once: bool) -> Exit:
    from core.agent.agent import Agent, Setting  # talking to one needs none of it
    from core.agent.disks.volumes import system_volumes
    from core.agent.disks.watching import DiskWatch

    known = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([_root(), *known]))
    texts = context.texts
    setting = Setting(job_command(), texts.program, texts.lang, context.passphrase)
    disks = DiskWatch(context.home, system_volumes())
    made = Agent(context.home, context.clock, setting, disks=disks, at_once=at_once)
    _stop_on_signal(made.stop)
    context.output.record("agent", state="started", pid=os.getpid())
    made.run()
    context.output.record("agent", state="stopped", pid=os.getpid())
    return Exit.OK


def _stop_on_signal(stop: object) -> None:
    def ask_to_end(number: int, frame: FrameType | None) -> None:
        assert callable(stop)  # noqa: S101 - narrows
        stop()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ask_to_end)


def _status(context: Context, options: argparse.Namespace) -> Exit:
    note = read_note(context.home)
    answer = ask(context.home, {"do": "status"})
    if answer is None or note is None:
        raise KnownError(Code.AGENT_ABSENT)
    out, texts = context.output, context.texts
    with contextlib.suppress(KnownError):  # only for the names
        context.reading_plan()
    found = answer["status"]
    out.record("agent", state="running", pid=note.pid, since=note.since, **found)
    out.say(
        "Der Hintergrunddienst läuft (Prozess {pid}, seit {since}).",
        pid=note.pid,
        since=date_time(parse_stamp(note.since), texts.lang),
    )
    for job in found["jobs"]:
        rank = texts.t(_RANKS.get(job["rank"], job["rank"]))
        if job["state"] == "running":
            out.say("  arbeitet: {verb} ({rank})", verb=job["verb"], rank=rank)
        else:
            out.say("  wartet: {verb} ({rank})", verb=job["verb"], rank=rank)
    for copy in found["copies"]:
        when = date_time(parse_stamp(copy["next"]), texts.lang) if copy["next"] else ""
        label = out.copy_label(copy["system"], copy["destination"])
        out.line(f"  {label}: {texts.t(_WAITS.get(copy['wait'], copy['wait']), next=when)}")
    _show_events(context)
    return Exit.OK


def _show_events(context: Context) -> None:
    """What lasts now, as a person should know it."""
    out, now = context.output, context.clock.now()
    with open_store(context.home, context.clock) as store:
        lasting = store.events()
    for event in lasting:
        said = sentence(
            context.texts,
            event.code,
            system=event.system,
            name=out.names.get(event.destination, event.destination),
            since=parse_stamp(event.since),
            now=now,
            params=event.params,
        )
        out.record(
            "lasting",
            code=event.code,
            severity=event.severity,
            system=event.system,
            destination=event.destination,
            since=event.since,
            params=json.loads(event.params),
            sentence=said,
        )
        out.line(f"  {said}")


def _stop(context: Context, options: argparse.Namespace) -> Exit:
    """Returns when it has gone, so that what is typed next is not handed over to it."""
    note = read_note(context.home)
    line = call(context.home, any_protocol=True)
    if line is None or note is None:
        raise KnownError(Code.AGENT_ABSENT)
    with contextlib.closing(line), contextlib.suppress(OSError, EOFError, wire.NotOurs):
        wire.tell(line, {"do": "stop"})
        wire.hear(line)  # it may be gone before it has answered
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and read_note(context.home) == note:
        time.sleep(0.05)
    context.output.say("Der Hintergrunddienst hat aufgehört.")
    context.output.record("agent", state="stopped", pid=note.pid)
    return Exit.OK


def _run_now(context: Context, options: argparse.Namespace) -> Exit:
    answer = ask(context.home, {"do": "run-now", "systems": list(options.systems)})
    if answer is None:
        raise KnownError(Code.AGENT_ABSENT)
    context.output.say("Der Hintergrunddienst beginnt jetzt.")
    context.output.record("agent", state="queued", job=answer["queued"])
    return Exit.OK


def _pause(context: Context, options: argparse.Namespace) -> Exit:
    """From now until then; what grows too old meanwhile is said, and warned of as ever."""
    now, out, lang = context.clock.now(), context.output, context.texts.lang
    plan: Plan | None = None
    with contextlib.suppress(KnownError):  # one can pause without a plan that can be read
        plan = context.reading_plan()
    if options.span is not None:
        end = pausing.moment_after(options.span, now)
    else:
        end = pausing.moment_typed(options.until, plan.schedule if plan else Schedule(), now)
    with open_store(context.home, context.clock) as store:
        set_pause(store, Pause(now, end))
        copies = plan.copies if plan else ()
        known = {
            (copy.system, copy.destination): history(store.history(copy.system, copy.destination))
            for copy in copies
        }
    late = pausing.too_old_by_then(plan, known, now, end) if plan else []
    runs = ask(context.home, {"do": "look"}) is not None
    out.record(
        "agent",
        state="paused",
        until=stamp(end),
        late=[{"system": key[0], "destination": key[1], "at": stamp(at)} for key, at in late],
    )
    out.say(
        "Pause bis {until}: So lange beginnt nichts von selbst. Was Sie eintippen, geht weiterhin.",
        until=until(end, lang, now=now),
    )
    for key, at in late:
        out.say(
            "  {copy}: ab {when} älter, als sie sein darf",
            copy=out.copy_label(*key),
            when=until(at, lang, now=now),
        )
    if not runs:
        out.say(
            "  Der Hintergrunddienst läuft hier nicht: Von selbst entsteht ohnehin keine Kopie."
        )
    return Exit.OK


def _resume(context: Context, options: argparse.Namespace) -> Exit:
    with open_store(context.home, context.clock) as store:
        was_paused = pause_of(store.events(), context.clock.now()) is not None
        end_pause(store)
    ask(context.home, {"do": "look"})
    context.output.record("agent", state="resumed", was_paused=was_paused)
    if not was_paused:
        context.output.say("Es war keine Pause.")
        return Exit.NOTHING_DONE
    context.output.say("Die Pause ist zu Ende. Was fällig ist, beginnt gleich.")
    return Exit.OK
