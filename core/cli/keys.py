"""`key create | show | prove | rotate`: the key of encrypted copies and its recovery sheet.

The lines leave this module on the sheet only: as PDF, as text where it was asked for. What is said,
recorded and stored besides knows a pair by its mark.
"""

from __future__ import annotations

import argparse
import os
import secrets
from pathlib import Path

from core.cli.context import Context
from core.cli.typed_lines import ask_for_lines
from core.clock import stamp
from core.copies import jobs
from core.errors import Code, Exit, KnownError
from core.plan.locations import folder_of_pc
from core.plan.model import Plan
from core.plan.syncfolders import sync_service
from core.reports.pages import Page, as_text
from core.reports.recovery_sheet import Sheet, copies_of, make_page
from core.secrets import SecretStore, pairs
from core.secrets.recovery import Mistake, Pair
from core.store.home import Proof, SheetPrint
from core.texts import t


def key(context: Context, options: argparse.Namespace) -> Exit:
    """key create | show | prove | rotate"""
    doing = {"create": _create, "show": _show, "prove": _prove, "rotate": _rotate}
    return doing[options.key_verb](context, options)


def _create(context: Context, options: argparse.Namespace) -> Exit:
    name = _name(context, options)
    pair = pairs.create(context.secrets(), name)
    context.output.record(
        "key", name=name, done="created", mark=pair.mark, store=context.secrets().kind
    )
    context.output.say(
        t("Ein neuer Schlüssel ist hinterlegt: {name} ({mark})"), name=name, mark=pair.mark
    )
    context.output.say(t("Noch gibt es ihn nur auf diesem PC."))
    _say_next(context, options)
    return Exit.OK


def _rotate(context: Context, options: argparse.Namespace) -> Exit:
    out, name = context.output, _name(context, options)
    pair, kept = pairs.rotate(context.secrets(), name)
    out.record("key", name=name, done="rotated", mark=pair.mark, kept_as=kept)
    out.say(t("Ein neuer Schlüssel ist hinterlegt: {name} ({mark})"), name=name, mark=pair.mark)
    out.say(
        t("Der bisherige bleibt hinterlegt, denn ältere Kopien brauchen ihn: {name}"), name=kept
    )
    out.say(
        t(
            "Verschlüsselte Kopien beginnen in einem neuen Ordner. Was bisher gesichert ist, lässt "
            "sich nur mit dem bisherigen Blatt lesen: Heben Sie es auf."
        )
    )
    _say_next(context, options)
    return Exit.OK


def _say_next(context: Context, options: argparse.Namespace) -> None:
    extra = f" --for {options.destination}" if options.destination else ""
    context.output.say(
        t("  → Drucken Sie das Blatt: {program} key show{extra} --pdf DATEI"), extra=extra
    )


# ------------------------------------------------------------------ show


def _show(context: Context, options: argparse.Namespace) -> Exit:
    out, name = context.output, _name(context, options)
    pair = pairs.read_pair(context.secrets(), name)
    if pair is None:
        raise KnownError(Code.KEY_MISSING, name=name)
    plan = _plan(context)
    target = Path(options.pdf).absolute() if options.pdf else None
    if target is not None:
        _refuse_exposed(target, plan)
    now = context.clock.now()
    with jobs.open_store(context.home, context.clock) as store:
        number = max((one.number for one in store.prints(pair.mark)), default=0) + 1
        copies = copies_of(plan, _opened_by(context, plan, name), pair) if plan else ()
        shop = plan.shop if plan else ""
        page = make_page(Sheet(pair, shop, number, now, options.place, copies), context.texts)
        if target is not None:
            _write(target, page)
        store.add_print(SheetPrint(pair.mark, number, stamp(now), options.place))
    text = as_text(page) if options.text or target is None else None
    shown: dict[str, object] = {"pdf": str(target)} if target else {}
    shown |= {"text": text} if text is not None else {}
    out.record(
        "sheet", name=name, mark=pair.mark, number=number, place=options.place,
        copies=len(copies), **shown,
    )  # fmt: skip
    if text is not None:
        out.line(text)
    if target is not None:
        out.say(t("Ausdruck {number} liegt hier: {path}"), number=number, path=target)
        out.say(t("Wer diese Datei hat, kann Ihre verschlüsselten Kopien lesen."))
        out.say(
            t("  → Drucken Sie sie jetzt, löschen Sie sie danach, und leeren Sie den Papierkorb.")
        )
    return Exit.OK


def _refuse_exposed(target: Path, plan: Plan | None) -> None:
    """KnownError where a copy would keep the sheet for ever, or a sync program carry it off."""
    folder = Path(os.path.realpath(target.parent))
    sources = [path for system in plan.systems for path in system.folders] if plan else []
    homes = [folder_of_pc(one.location) for one in plan.destinations] if plan else []
    taken = any(
        folder.is_relative_to(os.path.realpath(path)) for path in (*sources, *filter(None, homes))
    )
    if taken or sync_service(folder, os.environ):
        raise KnownError(Code.SHEET_EXPOSED, path=str(target))


def _write(target: Path, page: Page) -> None:
    """The PDF as a new file that only this user may read."""
    from core.reports.pdf import as_pdf  # reportlab takes its time

    data = as_pdf(page)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(target, flags, 0o600)
    except OSError as error:
        raise _not_written(target, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise _not_written(target, error) from error


def _not_written(target: Path, error: OSError) -> KnownError:
    cause = error.strerror or str(error)
    return KnownError(Code.SHEET_NOT_WRITTEN, path=str(target), cause=cause)


# ------------------------------------------------------------------ prove


def _prove(context: Context, options: argparse.Namespace) -> Exit:
    out, name = context.output, _name(context, options)
    store = context.secrets()
    stored = pairs.read_pair(store, name)
    if stored is None:
        raise KnownError(Code.KEY_MISSING, name=name)
    typed, mistakes = ask_for_lines(context)
    if typed is None or not _opens(context, stored, typed):
        raise _unproven(store, name, typed, mistakes)
    now = stamp(context.clock.now())
    with jobs.open_store(context.home, context.clock) as base:
        at = options.destination
        base.add_proof(Proof(secrets.token_hex(8), now, "", at, "sheet", "opened", "", stored.mark))
    out.record("proven", name=name, mark=stored.mark, at=now, mistakes=len(mistakes))
    out.say(t("Das Blatt stimmt: Mit dem, was Sie getippt haben, ging die Probedatei auf."))
    return Exit.OK


def _unproven(
    store: SecretStore, name: str, typed: Pair | None, mistakes: list[Mistake]
) -> KnownError:
    """Why what was typed is no proof: mistyped, an earlier sheet, or another one altogether."""
    for old in pairs.old_names(store, name):
        if typed is not None and pairs.read_pair(store, old) == typed:
            return KnownError(Code.KEY_OLD, name=old)
    if mistakes:
        return KnownError(Code.KEY_MISTYPED, count=len(mistakes))
    return KnownError(Code.KEY_OPENS_NOTHING, name=name)


def _opens(context: Context, stored: Pair, typed: Pair) -> bool:
    """Whether what was typed decrypts what the stored pair encrypted: two runs of rclone."""
    from core.rclone import vault  # no other key verb needs it

    context.home.make()
    room = context.home.cache
    data = vault.make_test_object(stored.password, stored.salt, room)
    return vault.opens_test_object(typed.password, typed.salt, data, room)


# ------------------------------------------------------------------ which key, which copies


def _name(context: Context, options: argparse.Namespace) -> str:
    """The name of the key meant. `--for` must name a destination of the plan, if there is one."""
    plan = _plan(context) if options.destination else None
    if plan is not None:
        plan.destination(options.destination)
    return pairs.key_name(options.destination)


def _opened_by(context: Context, plan: Plan, name: str) -> frozenset[str]:
    """The destinations that a key opens."""
    store = context.secrets()
    return frozenset(
        where.id for where in plan.destinations if pairs.key_in_use(store, where.id) == name
    )


def _plan(context: Context) -> Plan | None:
    """The plan as far as it can be read; a sheet is printed without one as well."""
    try:
        return context.reading_plan()
    except KnownError:
        return None
