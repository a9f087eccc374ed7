"""`probe`: try out what a place for copies can do, and say it in plain facts."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.cli.addressed import addressed_place
from core.cli.context import Context
from core.copies.opening.reach import Where, where_of
from core.destinations.probe import (
    MOST_BYTES,
    Advice,
    Answer,
    Facts,
    Names,
    Overwrite,
    Place,
    advise,
)
from core.destinations.probe import (
    probe as try_out,
)
from core.errors import Code, Exit, KnownError
from core.paths import home_failure
from core.plan.locations import folder_of_pc
from core.plan.model import Destination
from core.texts import Texts, t
from core.texts.formats import rate, size
from core.texts.setup import CONCERNS

_ACCOUNT = "account:"
_FEW_BYTES = 64 * 1024
_ANSWERS = {Answer.YES: t("ja"), Answer.NO: t("nein"), Answer.UNKNOWN: t("nicht bekannt")}
_OVERWRITES = {
    Overwrite.REPLACED: t("ersetzt die alte Datei"),
    Overwrite.REFUSED: t("wird abgelehnt"),
    Overwrite.KEPT: t("wird angenommen, die alte Datei bleibt"),
    Overwrite.UNKNOWN: t("nicht bekannt"),
}
_NAMES = {
    Names.DISTINCT: t("werden unterschieden"),
    Names.FOLDED: t("werden nicht unterschieden"),
    Names.UNKNOWN: t("nicht bekannt"),
}
_ADVICE = {
    Advice.FOLDER: t("tree: ein Ordner, den man mit dem Explorer öffnen kann"),
    Advice.NETWORK: t("bundled: über das Netz zählt jede Anfrage"),
    Advice.SLOW: t("bundled: viele kleine Dateien dauern hier zu lange"),
    Advice.NAMES: t("bundled: hier bleiben nicht alle Namen, wie sie sind"),
    Advice.UNUSABLE: t("keine: so lässt sich dieses Ziel nicht benutzen"),
}


def probe(context: Context, options: argparse.Namespace) -> Exit:
    """Try out one place; OK when it is good for copies, PARTLY when something is to be known."""
    with _place(context, options.place, options.destination) as place:
        facts = try_out(
            place,
            context.clock,
            cancelled=context.cancelled,
            most_bytes=_FEW_BYTES if options.no_speed else MOST_BYTES,
        )
    layout, why = advise(facts)
    out = context.output
    out.record(
        "probed",
        place=options.place,
        usable=facts.usable,
        layout=layout,
        why=str(why),
        concerns=list(facts.concerns),
        **msgspec.to_builtins(facts),
    )
    for name, value in _lines(context.texts, facts):
        out.line(f"{name:<34} {value}")
    title, advised = context.texts.t("Empfohlener Aufbau"), context.texts.t(_ADVICE[why])
    out.line(f"{title:<34} {advised}")
    for concern in facts.concerns:
        text = context.texts.t(CONCERNS[concern])
        out.line(f"  → {text}")
    if facts.failure:
        where = {"destination": options.place, "path": options.place, "name": options.place}
        error = KnownError(Code(facts.failure), **where, cause=facts.cause)
        out.error(error)
        return error.exit
    if not facts.usable:
        return Exit.DESTINATION_REFUSED
    return Exit.PARTLY if facts.concerns else Exit.OK


def _lines(texts: Texts, facts: Facts) -> Iterator[tuple[str, str]]:
    t, lang = texts.t, texts.lang
    answers = {
        t("erreichbar"): facts.reach,
        t("Anmeldung"): facts.login,
        t("schreiben"): facts.write,
        t("zurücklesen, Byte für Byte gleich"): facts.read_back,
        t("auflisten"): facts.lists,
        t("umbenennen"): facts.rename,
        t("löschen"): facts.delete,
        t("Namen bleiben, wie sie sind"): facts.kept,
        t("lange Namen"): facts.long_names,
    }
    for name, answer in answers.items():
        yield name, t(_ANSWERS[answer])
    yield t("überschreiben"), t(_OVERWRITES[facts.overwrite])
    yield t("Groß- und Kleinschreibung"), t(_NAMES[facts.case])
    yield t("Schreibweisen von Umlauten"), t(_NAMES[facts.unicode])
    unknown = t("nicht bekannt")
    free, total = facts.free, facts.total
    room = unknown if free is None else size(free, lang)
    if free is not None and total is not None:
        room = t("{free} von {total}", free=size(free, lang), total=size(total, lang))
    yield t("freier Platz"), room
    drift = facts.drift
    if drift is not None and (facts.network or drift):
        yield t("Abweichung der Uhr"), t("{seconds} Sekunden", seconds=f"{drift:.0f}")
    if facts.network:
        yield t("Prüfsummen"), ", ".join(facts.hashes) or t("keine")
    if facts.small is not None:
        yield t("eine kleine Datei"), t("{n} Millisekunden", n=max(1, round(facts.small * 1000)))
    for name, speed in ((t("Tempo hin"), facts.up), (t("Tempo zurück"), facts.down)):
        if speed is not None:
            yield name, rate(speed, lang)


@contextmanager
def _place(context: Context, word: str, destination: str) -> Iterator[Place]:
    """An account, a destination of the plan, an address, else a folder of this PC."""
    from core.destinations.probed_places import FolderPlace

    if word.startswith(_ACCOUNT):
        name, _, folder = word.removeprefix(_ACCOUNT).partition("/")
        with _account(context, name, folder) as place:
            yield place
        return
    planned = _planned(context, word)
    if planned is not None and folder_of_pc(planned.location) is None:
        with _far(context, where_of(planned)) as place:
            yield place
        return
    if planned is None:
        where, _ = addressed_place(context, word, destination)
        if folder_of_pc(where.location) is None:
            with _far(context, where) as place:
                yield place
            return
    here = folder_of_pc(planned.location) if planned is not None else None
    yield FolderPlace(here or Path(word).absolute(), word)


def _planned(context: Context, word: str) -> Destination | None:
    """A destination of the plan; None where there is no plan, or none with this id."""
    try:
        return context.reading_plan().destination(word)
    except KnownError as error:
        if error.code in (Code.PLAN_MISSING, Code.DESTINATION_UNKNOWN, Code.PLAN_INVALID):
            return None
        raise


@contextmanager
def _far(context: Context, where: Where) -> Iterator[Place]:
    from core.destinations.probed_places import SessionPlace
    from core.destinations.storages import base_of

    with _room(context) as room:
        visit = context.reach().visit(where)
        try:
            yield SessionPlace(visit.session, base_of(where.location), "", room)
        finally:
            visit.close()


@contextmanager
def _account(context: Context, name: str, folder: str) -> Iterator[Place]:
    from core.destinations.probed_places import SessionPlace
    from core.rclone.accounts import FS

    with (
        _room(context) as room,
        # Ctrl-C is looked at between the steps: a session that is cancelled could not tidy up.
        context.accounts().session(name, destination=name) as session,
    ):
        yield SessionPlace(session, FS, folder, room)


@contextmanager
def _room(context: Context) -> Iterator[Path]:
    """A folder of ours for what is sent and fetched."""
    cache = context.home.cache
    context.home.make()
    try:
        room = Path(tempfile.mkdtemp(prefix="probe-", dir=cache))
    except OSError as error:
        raise home_failure(cache, error) from error
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
