"""`plan`: show it, judge it, print its schema, change it, put it into force."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from core import own_files
from core.cli.context import Context
from core.copies.format import percent
from core.copies.locking import nobody_at
from core.errors import Code, Exit, KnownError
from core.plan.edit import Change, Put, Remove, digest, edit, find_key
from core.plan.limits import Limits, hours_text
from core.plan.model import Plan, Role
from core.plan.read import decode_text, load_text, parse_text, read_plan
from core.plan.schema import schema_text
from core.plan.typed import typed_value
from core.sources.leaving_out import weigh_patterns
from core.sources.patterns import DEFAULT_EXCLUDES
from core.texts.formats import rate, size, span


def plan(context: Context, options: argparse.Namespace) -> Exit:
    """plan show | check | schema | apply | set | unset | left-out"""
    doing = {
        "show": _plan_show,
        "check": _plan_check,
        "apply": _plan_apply,
        "set": _plan_set,
        "unset": _plan_unset,
        "left-out": _plan_left_out,
    }
    if options.plan_verb == "schema":
        context.output.raw(schema_text())
        return Exit.OK
    return doing[options.plan_verb](context, options)


def _plan_show(context: Context, options: argparse.Namespace) -> Exit:
    text = context.plan_text()
    now = context.plan(text)
    _show(context, read_plan(text, source=str(context.home.plan)), now, text)
    return Exit.OK


def _plan_check(context: Context, options: argparse.Namespace) -> Exit:
    n = context.texts.n
    if options.file is None:
        found = context.plan()
    else:
        path = Path(options.file)
        found = context.plan(_text_of(path), str(path))
    context.output.say(
        "Der Plan ist in Ordnung: {systems}, {destinations}, {copies}.",
        systems=n("{n} System", "{n} Systeme", len(found.systems)),
        destinations=n("{n} Ziel", "{n} Ziele", len(found.destinations)),
        copies=n("{n} Kopie", "{n} Kopien", len(found.copies)),
    )
    context.output.record("plan", valid=True)
    return Exit.OK


def _text_of(path: Path) -> str:
    """The text of a file a person named; KnownError PLAN_FILE_MISSING, and as `load_text`."""
    if not path.exists():
        raise KnownError(Code.PLAN_FILE_MISSING, path=str(path))
    return load_text(path)


def _plan_apply(context: Context, options: argparse.Namespace) -> Exit:
    if options.file == "-":
        source = str(context.home.plan)
        text = decode_text(sys.stdin.buffer.read(), source=source)
    else:
        source = options.file
        text = _text_of(Path(source))
    context.plan(text, source)
    _put_into_force(context, text, options.replacing)
    return Exit.OK


def _plan_set(context: Context, options: argparse.Namespace) -> Exit:
    text = context.plan_text()
    source = str(context.home.plan)
    path = find_key(parse_text(text, source=source), options.key, source=source)
    return _change(context, text, Put(options.key, typed_value(path, options.values)))


def _plan_unset(context: Context, options: argparse.Namespace) -> Exit:
    return _change(context, context.plan_text(), Remove(options.key))


def _change(context: Context, text: str, change: Change) -> Exit:
    """One change of the plan, judged whole before it is put into force."""
    source = str(context.home.plan)
    changed = edit(text, [change], source=source)
    context.plan(changed, source)
    _put_into_force(context, changed, digest(text.encode()))
    return Exit.OK


def _put_into_force(context: Context, text: str, replacing: str) -> None:
    """Replace the plan at once; PLAN_CHANGED when it is not the one with the digest `replacing`."""
    place = context.home.plan
    with nobody_at(context.home, ()):  # a job that is going has read its plan
        if replacing and digest(own_files.read(place) or b"") != replacing:
            raise KnownError(Code.PLAN_CHANGED, path=str(place))
        own_files.replace(place, text.encode())
    context.output.say("Der Plan gilt jetzt: {path}", path=place)
    context.output.record("plan", applied=str(place))


def _plan_left_out(context: Context, options: argparse.Namespace) -> Exit:
    """What each pattern of a system leaves out as its folders are now, its own and the usual."""
    out, texts = context.output, context.texts
    system = context.reading_plan().system(options.system)
    for source in system.sources:
        usual = DEFAULT_EXCLUDES if source.default_excludes else ()
        patterns = list(dict.fromkeys((*source.exclude, *options.exclude, *usual)))
        folders = [os.fsencode(path) for path in source.paths]
        for one in weigh_patterns(folders, patterns, context.cancelled):
            fields: dict[str, object] = {
                "pattern": one.pattern,
                "usual": one.pattern in usual,
                "files": one.files,
                "bytes": one.size,
                "examples": [percent.readable(percent.encode(path)) for path in one.examples],
            }
            words = texts.t(
                "{pattern}: {files}, {size}",
                pattern=one.pattern,
                files=texts.n("eine Datei", "{n} Dateien", one.files),
                size=size(one.size, texts.lang),
            )
            out.item(fields, words)
    return Exit.OK


def _show_limits(context: Context, limits: Limits) -> None:
    out = context.output
    rates = [
        out.texts.t("unbegrenzt") if one is None else rate(one, out.texts.lang)
        for one in (limits.upload, limits.upload_working_hours)
    ]
    if limits.working_hours and rates[0] != rates[1]:
        out.say(
            "Senden ins Netz: {always}; {hours}: {working}",
            always=rates[0],
            hours=", ".join(hours_text(one) for one in limits.working_hours),
            working=rates[1],
        )
    elif limits.upload is not None:
        out.say("Senden ins Netz: {always}", always=rates[0])


def _show_people(context: Context, plan: Plan) -> None:
    """Who is warned, and by which server."""
    out, t = context.output, context.texts.t
    for person in plan.people:
        role = t("verantwortlich") if person.role is Role.OWNER else t("Vertretung")
        address = person.email or t("ohne Mailadresse")
        out.line(f"{person.name} ({person.id}): {role}, {address}")
    if plan.alerts.smtp is not None:
        smtp = plan.alerts.smtp
        out.say("Mails gehen über {host}, Absender {sender}", host=smtp.host, sender=smtp.sender)
    elif plan.people:
        out.say("Ein Mailserver fehlt: Niemand wird per Mail gewarnt.")


def _show(context: Context, plan: Plan, now: Plan, text: str) -> None:
    """The plan in words, what is left out by default included. now: its disks where they are."""
    out = context.output
    out.record("plan", text=text)
    _show_limits(context, plan.limits)
    for system in plan.systems:
        out.line(f"{system.name} ({system.id})")
        for folder in system.folders:
            out.line(f"  {folder}")
        for copy in plan.copies_of(system.id):
            where = plan.destination(copy.destination)
            out.say(
                "  {copy}: {path}, Abstand {every}",
                copy=out.copy_label(copy.system, copy.destination),
                path=where.location.address,
                every=span(copy.every, out.texts.lang),
            )
            attached = now.destination(copy.destination).location
            if attached != where.location:
                out.say("    zurzeit unter {path}", path=attached.address)
        if any(source.default_excludes for source in system.sources):
            out.say(
                "  Nicht gesichert werden: {patterns} (abschalten: default_excludes = false)",
                patterns=", ".join(DEFAULT_EXCLUDES),
            )
    _show_people(context, plan)
