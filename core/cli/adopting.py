"""`adopt`: a PC that knows nothing takes over what a copy knows."""

from __future__ import annotations

import argparse

from core.cli.addressed import addressed_place
from core.cli.context import Context
from core.cli.typed_lines import ask_for_lines
from core.copies.bringing_back.adopt import adopt as adopt_copy
from core.errors import Code, Exit, KnownError
from core.plan.locations import S3Location
from core.secrets import pairs
from core.secrets.recovery import Pair, Slip, pack
from core.texts import t

_NO_KEY = frozenset(
    (
        Code.KEY_MISSING,
        Code.KEY_WRONG,
        Code.KEY_UNREADABLE,
        Code.SECRET_STORE_MISSING,
        Code.SECRET_STORE_DAMAGED,
        Code.SECRET_WRONG_PASSPHRASE,
    )
)


def adopt(context: Context, options: argparse.Namespace) -> Exit:
    """Take over what a copy knows."""
    out = context.output
    where, password = addressed_place(context, options.location, options.destination)
    if options.as_of is not None:
        where = where.as_of(options.as_of)
    if options.take_over and isinstance(where.location, S3Location) and where.location.at:
        raise KnownError(Code.PAST_IS_PAST, address=options.location)
    with context.desk() as desk:
        try:
            found = adopt_copy(desk, where, take_over=options.take_over)
        except KnownError as error:
            if error.code not in _NO_KEY:
                raise
            pair = _typed(context, error)
            found = adopt_copy(desk, where, take_over=options.take_over, pair=pair)
            _keep(context, pair, found.destination)
    if password:
        _keep_password(context, password, found.destination)
    out.record(
        "adopted",
        systems=found.systems,
        destination=found.destination,
        states=found.states,
        plan=found.plan,
        proofs=found.proofs,
        writer=found.writer,
    )
    out.say(
        "Übernommen: {systems}, {states}.",
        systems=", ".join(found.systems),
        states=context.texts.n("ein Stand", "{n} Stände", found.states),
    )
    if found.plan == "restored":
        out.say("Der Plan ist wieder da: {path}", path=context.home.plan)
    elif found.plan == "kept":
        out.say("Hier gab es schon einen Plan; er bleibt, wie er ist.")
    else:
        out.say("In der Kopie war kein lesbarer Plan.")
    if not found.writer:
        out.say("Lesen und Zurückholen gehen jetzt. Schreiben darf weiterhin nur der andere PC.")
        out.say(
            "  → Gibt es ihn nicht mehr: {program} adopt {path} --take-over", path=options.location
        )
    return Exit.OK


def _keep_password(context: Context, password: str, destination: str) -> None:
    """Keep a password that has opened a place, under the name its destination has in the plan."""
    name = f"{destination}.password"
    try:
        context.secrets().set(name, password)
    except KnownError as error:
        context.output.note("key_not_kept", code=error.code)
        context.output.say(
            t("Das Kennwort ist auf diesem PC nicht hinterlegt: Er hat keinen Schlüsselbund.")
        )
    else:
        context.output.say(t("Das Kennwort ist jetzt hinterlegt: {name}"), name=name)


def _typed(context: Context, why: KnownError) -> Pair:
    """The recovery lines as typed off the sheet; KnownError when what was typed cannot be them."""
    context.output.say(t("Diese Kopie ist verschlüsselt. Nehmen Sie das Wiederherstellungsblatt."))
    pair, mistakes = ask_for_lines(context)
    if pair is not None:
        return pair
    if len(mistakes) == 1 and mistakes[0].slip is Slip.LINE_MISSING:
        raise why  # nothing was typed at all
    raise KnownError(Code.KEY_MISTYPED, count=len(mistakes))


def _keep(context: Context, pair: Pair, destination: str) -> None:
    """Keep lines that have opened a copy, so that nobody types them again."""
    out = context.output
    try:
        store = context.secrets()
        name = pairs.SHOP_KEY
        if store.get(name) not in (None, pack(pair)):
            name = pairs.key_name(destination)
        store.set(name, pack(pair))
    except KnownError as error:
        out.note("key_not_kept", code=error.code)
        out.say(t("Die Zeilen sind auf diesem PC nicht hinterlegt: Er hat keinen Schlüsselbund."))
    else:
        out.record("key", name=name, done="kept", mark=pair.mark, store=store.kind)
        out.say(t("Die Zeilen vom Blatt sind jetzt hinterlegt: {name}"), name=name)
