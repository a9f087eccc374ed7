"""`alerts list | ack | test | confirm | send`: what is open, who is told, and does it arrive."""

from __future__ import annotations

import argparse

import msgspec

from core.alerts import ledger, receipts
from core.cli.context import Context
from core.clock import parse_stamp
from core.copies.jobs import open_store
from core.errors import Code, Exit, KnownError
from core.plan.model import Person, Plan
from core.reports.mails import MailWriter
from core.reports.office import make_mailer, make_office
from core.store.events import EventRow
from core.texts import t
from core.texts.alerts import SEVERITIES, Names, say_event
from core.texts.formats import date_time


def alerts(context: Context, options: argparse.Namespace) -> Exit:
    """alerts list | ack | test | confirm | send"""
    doing = {"list": _list, "ack": _ack, "test": _test, "confirm": _confirm, "send": _send}
    return doing[options.alerts_verb](context, options)


def _list(context: Context, options: argparse.Namespace) -> Exit:
    plan = context.reading_plan()
    with open_store(context.home, context.clock) as store:
        rows = store.alerts.open_events()
        waiting = store.alerts.waiting_letters()
    for row in rows:
        _show(context, plan, row)
    if not rows:
        context.output.say("Keine Warnung ist offen.")
    if waiting:
        context.output.record("waiting", mails=len(waiting), problem=waiting[-1].problem or None)
        said = context.texts.n(
            "Eine Mail wartet darauf, dass der Mailserver sie nimmt.",
            "{n} Mails warten darauf, dass der Mailserver sie nimmt.",
            len(waiting),
        )
        context.output.line(said)
    return Exit.OK


def _show(context: Context, plan: Plan, row: EventRow) -> None:
    """An event in JSON, or in four lines."""
    texts, out = context.texts, context.output
    params = msgspec.json.decode(row.params, type=dict[str, str | int])
    names = Names(
        {system.id: system.name for system in plan.systems},
        {where.id: where.name for where in plan.destinations},
    )
    said = say_event(
        texts,
        row.code,
        params,
        system=row.system,
        destination=row.destination,
        names=names,
        now=context.clock.now(),
    )
    fields: dict[str, object] = {
        "id": row.id,
        "code": row.code,
        "severity": row.severity,
        "system": row.system,
        "destination": row.destination,
        "since": row.since,
        "acknowledged_at": row.acked or None,
        "details": params,
        "sentence": said.sentence,
        "risk": said.risk,
        "next_step": said.next_step,
    }
    head = texts.t(SEVERITIES.get(row.severity, row.severity))
    out.item(fields, f"{row.id:>4}  {head}: {said.sentence}")
    since = date_time(parse_stamp(row.since), texts.lang)
    note = texts.t("gesehen") if row.acked else texts.t("noch nicht gesehen")
    out.say("      seit {since}, {note}", since=since, note=note)
    out.line(f"      {said.risk}")
    out.line(f"      → {said.next_step}")


def _ack(context: Context, options: argparse.Namespace) -> Exit:
    with open_store(context.home, context.clock) as store, store.alerts.together():
        row = store.alerts.event(options.id)
        if row is None or row.ended:
            raise KnownError(Code.ALERT_UNKNOWN, id=options.id)
        store.alerts.change_event(ledger.acknowledged(row, context.clock.now()))
    context.output.record("acknowledged", id=row.id)
    context.output.say("Gesehen: {id}. Erinnert wird nur noch alle vier Wochen.", id=row.id)
    return Exit.OK


def _test(context: Context, options: argparse.Namespace) -> Exit:
    plan = context.reading_plan()
    smtp = receipts.mail_server(plan)
    mailer = make_mailer(smtp, lambda name: context.secrets().get(name))
    writer = MailWriter(plan, program=context.texts.program)
    with open_store(context.home, context.clock) as store:
        for person in _wanted(plan, options.to):
            now = context.clock.now()
            receipts.send_test(store.alerts, plan, person, writer, mailer, now)
            context.output.record("test_sent", person=person.id, address=person.email)
            context.output.say(
                "Eine Testmail ist unterwegs zu {name} ({address}).",
                name=person.name,
                address=person.email,
            )
    context.output.say(
        "  → Kommt sie an, tippen Sie den Code daraus ein: {program} alerts confirm CODE"
    )
    return Exit.OK


def _wanted(plan: Plan, id: str | None) -> list[Person]:
    """Everybody with an address, or the one that is named; KnownError PERSON_UNKNOWN."""
    known = [person for person in plan.people if person.email]
    chosen = [person for person in known if id in (None, person.id)]
    if not chosen:
        ids = ", ".join(person.id for person in known)
        raise KnownError(Code.PERSON_UNKNOWN, person=id or "", known=ids or "–")
    return chosen


def _confirm(context: Context, options: argparse.Namespace) -> Exit:
    plan = context.reading_plan()
    with open_store(context.home, context.clock) as store:
        person = receipts.confirm(store.alerts, plan, options.code, context.clock.now())
    context.output.record("confirmed", person=person.id)
    context.output.say("Bewiesen: Mails kommen bei {name} an.", name=person.name)
    return Exit.OK


def _send(context: Context, options: argparse.Namespace) -> Exit:
    """By hand what the agent does by itself: look, decide, send."""
    plan = context.reading_plan()
    with open_store(context.home, context.clock) as store:
        office = make_office(
            context.home,
            store,
            plan,
            context.clock,
            lambda name: context.secrets().get(name),
            program=context.texts.program,
        )
        rows = office.collect()
        done = office.step(at_once=True)
    out = context.output
    out.record("sent", open=len(rows), told=done.told, sent=done.sent, waiting=done.waiting)
    if done.is_busy:
        out.say("Ladentresor verschickt hier gerade schon.")
        return Exit.LOCKED
    texts = context.texts
    out.line(texts.n("Eine Warnung ist offen.", "{n} Warnungen sind offen.", len(rows)))
    out.line(texts.n("Eine Mail ist hinaus.", "{n} Mails sind hinaus.", done.sent))
    if done.problem is not None:
        out.error(done.problem)
        return done.problem.exit
    if rows:
        receipts.mail_server(plan)  # else a warning would stay among us: say so
    if not done.told and not done.sent:
        out.say(t("Zu sagen war nichts Neues."))
        return Exit.NOTHING_DONE
    return Exit.OK
