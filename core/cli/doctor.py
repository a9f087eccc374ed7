"""`doctor`: is everything here that a backup on this PC needs?"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core import VERSION
from core.agent import autostart
from core.agent.calling import ask
from core.alerts.standing import mail_standing
from core.cli import diagnosis, presence, sheets
from core.cli.context import Context
from core.cli.judging import judge_plan, next_line, system_line
from core.cli.locked import look_at
from core.copies.format import cutting
from core.copies.hands import pool
from core.copies.jobs import open_store
from core.copies.opening.reach import where_of
from core.copies.opening.writer import find_writer
from core.destinations import known_hosts
from core.destinations.local import LocalFolder
from core.destinations.uploaded import Upload, newest_files, uploads_of
from core.errors import Code, Exit, KnownError
from core.machine.metered import Metered, metered_now
from core.machine.power import power_now
from core.plan.check import unfit_places
from core.plan.filesystems import file_systems
from core.plan.locations import SftpLocation, SyncedLocation, folder_of_pc
from core.plan.model import Destination, Plan
from core.plan.problems import PlanError
from core.plan.read import read_plan
from core.plan.syncfolders import sync_service
from core.store.home import HomeStore
from core.store.pauses import pause_of
from core.texts import t
from core.texts.errors import Described, describe
from core.texts.formats import date, size, until

_NO_KEYRING = {
    "absent": t("Geheimnisse: hier gibt es keinen Schlüsselbund"),
    "locked": t("Geheimnisse: der Schlüsselbund dieses PCs ist gesperrt"),
    "silent": t("Geheimnisse: der Schlüsselbund dieses PCs antwortet nicht"),
}
_KEYRING_FAILS = t("Geheimnisse: der Schlüsselbund dieses PCs bewahrt nichts auf")


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    good: bool
    text: str


def doctor(context: Context, options: argparse.Namespace) -> Exit:
    """Judge this PC; every line is a fact that was just looked at."""
    bad = 0
    told: list[tuple[str, bool, str]] = []
    for check in _checks(context):
        bad += not check.good
        told.append((check.name, check.good, check.text))
        mark = context.texts.t("gut") if check.good else context.texts.t("prüfen")
        fields: dict[str, object] = {"check": check.name, "good": check.good, "text": check.text}
        context.output.item(fields, f"{mark:<8} {check.text}")
    if options.report is not None:
        path = Path(options.report)
        diagnosis.write_report(context, path, told)
        context.output.record("report", path=str(path))
        context.output.say(
            "Der Bericht liegt in {path}. Lesen Sie ihn, bevor Sie ihn verschicken.", path=path
        )
    return Exit.PARTLY if bad else Exit.OK


def _checks(context: Context) -> Iterator[_Check]:
    t = context.texts.t
    version = sys.version.split()[0]
    yield _Check("version", True, f"Ladentresor {VERSION}, Python {version}")
    yield _home(context)
    yield _Check(
        "cutting",
        cutting.is_fast(),
        t("Zerlegen großer Dateien: schnell")
        if cutting.is_fast()
        else t("Zerlegen großer Dateien: nur die langsame Fassung ist da"),
    )
    yield _Check("workers", True, t("Lesende Prozesse: {n}", n=pool.workers()))
    yield _power(context)
    yield _line(context)
    yield _secrets(context)
    yield _agent(context)
    yield _presence(context)
    yield from _pause(context)
    yield from _destinations(context)


def _power(context: Context) -> _Check:
    t, power = context.texts.t, power_now()
    if power.percent is None:
        text = t("Strom: vom Netz")
    elif power.mains:
        text = t("Strom: vom Netz, Akku {percent} %", percent=power.percent)
    else:
        text = t("Strom: vom Akku, {percent} %", percent=power.percent)
    return _Check("power", True, text)


def _line(context: Context) -> _Check:
    t = context.texts.t
    texts = {
        Metered.YES: t("Leitung: wird nach Verbrauch bezahlt"),
        Metered.NO: t("Leitung: kostet nicht nach Verbrauch"),
        Metered.UNKNOWN: t("Leitung: ob sie nach Verbrauch kostet, sagt dieser PC nicht"),
    }
    return _Check("line", True, texts[metered_now()])


def _agent(context: Context) -> _Check:
    """Whether copies are made by themselves, now and after the next logon."""
    t = context.texts.t
    try:
        runs = ask(context.home, {"do": "status"}) is not None
    except KnownError as error:
        return _Check("agent", False, describe(context.texts, error).sentence)
    starts = autostart.installed(autostart.entries()) is not None
    if runs and starts:
        return _Check("agent", True, t("Hintergrunddienst: läuft, und startet bei der Anmeldung"))
    if runs:
        text = t("Hintergrunddienst: läuft, startet aber nicht bei der Anmeldung")
        return _Check("agent", False, f"{text} → {t('{program} agent install')}")
    if starts:
        text = t("Hintergrunddienst: läuft gerade nicht")
        return _Check("agent", False, f"{text} → {t('{program} agent')}")
    text = t("Hintergrunddienst: nicht eingerichtet; Kopien entstehen nur, wenn Sie es eintippen")
    return _Check("agent", False, f"{text} → {t('{program} agent install')}")


def _pause(context: Context) -> Iterator[_Check]:
    """Only where there is one: then copies are not made by themselves."""
    try:
        with open_store(context.home, context.clock) as store:
            pause = pause_of(store.events(), context.clock.now())
    except KnownError:
        return  # said of the home itself
    if pause is not None:
        end = until(pause.until, context.texts.lang, now=context.clock.now())
        text = context.texts.t("Pause bis {until} → {program} agent resume", until=end)
        yield _Check("pause", False, text)


def _presence(context: Context) -> _Check:
    good, text = presence.judged(context)
    return _Check("presence", good, text)


def _owner_of(path: Path) -> str:
    """Whose folder it is when it is not ours; '' where it is, and where nobody can tell."""
    if sys.platform == "win32":
        return ""  # every user has folders of their own there, and no others' are opened
    import pwd

    try:
        owner = path.stat().st_uid
        return "" if owner == os.geteuid() else pwd.getpwuid(owner).pw_name
    except KeyError:
        return "?"
    except OSError:
        return ""


def _home(context: Context) -> _Check:
    t, home = context.texts.t, context.home
    if owner := _owner_of(home.state):
        text = t(
            "Eigener Ordner gehört dem Benutzer {owner}; jeder braucht seinen eigenen: {path}",
            owner=owner,
            path=home.state,
        )
        return _Check("home", False, text)
    unfit = unfit_places(home, file_systems(), os.environ)
    if unfit.network:
        text = t("Eigener Ordner liegt auf einem Netzlaufwerk ({what}): {path}",
                 path=unfit.network[0], what=unfit.network[1])  # fmt: skip
        return _Check("home", False, text)
    if unfit.synced:
        text = t("Eigener Ordner wird von {what} abgeglichen: {path}",
                 path=unfit.synced[0], what=unfit.synced[1])  # fmt: skip
        return _Check("home", False, text)
    try:
        home.make()
        writer = find_writer(home)
    except KnownError:
        return _Check("home", False, t("Eigener Ordner nicht benutzbar: {path}", path=home.state))
    if not writer.at_home:
        text = t("Dieser Ordner stammt von einem anderen PC; er liest nur: {path}", path=home.state)
        return _Check("home", False, text)
    free = shutil.disk_usage(home.state).free
    text = t(
        "Eigener Ordner: {path}, {free} frei", path=home.state, free=size(free, context.texts.lang)
    )
    return _Check("home", free > 500_000_000, text)


def _secrets(context: Context) -> _Check:
    """Where secrets lie here; that there is no place is only bad when the plan needs one."""
    t = context.texts.t
    try:
        store = context.secrets()
        n = len(store.names())
    except KnownError as error:
        if error.code is Code.SECRET_STORE_MISSING:
            text = t(_NO_KEYRING.get(str(error.params["cause"]), _KEYRING_FAILS))
            needed = _needs_secrets(context)
            if not needed:
                text += t(" (gebraucht wird er nur für verschlüsselte Ziele)")
            return _Check("secrets", not needed, text)
        what = describe(context.texts, error).sentence
        return _Check("secrets", False, t("Geheimnisse: {what}", what=what))
    if store.kind == "keyring":
        return _Check("secrets", True, t("Geheimnisse: {n} im Schlüsselbund dieses PCs", n=n))
    return _Check("secrets", True, t("Geheimnisse: {n} in einer verschlüsselten Datei", n=n))


def _mail(context: Context, store: HomeStore, plan: Plan) -> Iterator[_Check]:
    """Whether somebody is told when a promise is broken, and whether that was ever proven."""
    t = context.texts.t
    standing = mail_standing(store.alerts, plan)
    if not standing.warns:
        text = t("Mails: niemand wird gewarnt; im Plan fehlen [[people]] oder [alerts.smtp]")
        yield _Check("mail", False, text)
        return
    if standing.waiting:
        text = t("Mails: {n} warten auf den Mailserver → {program} alerts test", n=standing.waiting)
        yield _Check("mail", False, text)
    for person in standing.people:
        proven = standing.proven[person.id]
        text = (
            t(
                "Mails an {name}: Ankunft bewiesen am {date}",
                name=person.name,
                date=date(proven, context.texts.lang),
            )
            if proven
            else t(
                "Mails an {name}: dass sie ankommen, ist nicht bewiesen"
                " → {program} alerts test --to {id}",
                name=person.name,
                id=person.id,
            )
        )
        yield _Check(f"mail {person.id}", proven is not None, text)


def _needs_secrets(context: Context) -> bool:
    """Whether the plan, as far as it can be read, has an encrypted destination."""
    plan: Plan | None
    try:
        plan = read_plan(context.plan_text(), source=str(context.home.plan))
    except PlanError as error:
        plan = error.readable
    except KnownError:
        plan = None
    return plan is not None and any(where.needs_secret for where in plan.destinations)


def _plan_step(context: Context, error: KnownError, said: Described) -> str:
    """What to do about the plan; its mistakes are not listed here."""
    if error.code is Code.PLAN_INVALID:
        return context.texts.t("Was zu ändern ist, zeigt „{program} plan check“.")
    return said.next_step


def _synced(context: Context, where: Destination, said: str) -> _Check:
    """Whether a sync program is known by its folder and, where it tells, has sent what is there."""
    service = sync_service(Path(where.location.address), os.environ)
    if not service:
        text = context.texts.t(
            "{said}; dass ein Abgleich hier arbeitet, ist nicht zu sehen", said=said
        )
        return _Check(where.id, False, text)
    folder = Path(where.location.address)
    uploads = uploads_of(service, os.environ)
    found = uploads.ask(newest_files(folder)) if uploads else {}
    words: dict[str, object] = {"said": said, "service": service}
    counts = Counter(found.values())
    if not found:
        text = context.texts.t(
            "{said}; {service} gleicht ihn ab. Ob alles hochgeladen ist, zeigt nur dessen Symbol",
            **words,
        )
    elif counts[Upload.FAILED]:
        text = context.texts.t(
            "{said}; {service} kann nicht alles hochladen, betroffen: {n}. Was es ist, zeigt dessen"
            " Symbol",
            **words, n=counts[Upload.FAILED],
        )  # fmt: skip
    elif counts[Upload.WAITING]:
        text = context.texts.t(
            "{said}; {service} hat noch nicht alles hochgeladen, es fehlen: {n}",
            **words, n=counts[Upload.WAITING],
        )  # fmt: skip
    else:
        text = context.texts.t(
            "{said}; {service} hat alles hochgeladen, nachgesehen: {n}",
            **words, n=counts[Upload.SENT],
        )  # fmt: skip
    waits = counts[Upload.WAITING] + counts[Upload.FAILED]
    return _Check(where.id, not waits, text)


def _far(context: Context, where: Destination) -> _Check:
    """A place in the network: it is asked now."""
    t, lang = context.texts.t, context.texts.lang
    try:
        visit = context.reach().visit(where_of(where))
        try:
            visit.names()
            free = visit.free_bytes()
        finally:
            visit.close()
    except KnownError as error:
        said = describe(context.texts, error, context.output.names)
        return _Check(where.id, False, f"{said.sentence} → {said.next_step}")
    text = t("{name}: erreichbar ({address})", name=where.name, address=where.location.address)
    if free is not None:
        text += t(", {free} frei", free=size(free, lang))
    if isinstance(where.location, SftpLocation):
        keys = known_hosts.keys_of(context.home, where.location.host, where.location.port)
        shown = ", ".join(known_hosts.fingerprints(keys))
        text += t(", Schlüssel des Servers {fingerprint}", fingerprint=shown)
    return _Check(where.id, True, text)


def _locks(context: Context, where: Destination, plan: Plan) -> Iterator[_Check]:
    """Whether a bucket really locks, copy by copy."""
    for copy in plan.copies_between((), (where.id,)):
        found = look_at(context, plan, copy)
        if found is not None:
            yield _Check(f"lock {copy.system}@{where.id}", found.good, found.text)


def _destinations(context: Context) -> Iterator[_Check]:
    t = context.texts.t
    try:
        plan = context.plan()
    except KnownError as error:
        said = describe(context.texts, error)
        yield _Check("plan", False, f"{said.sentence} → {_plan_step(context, error, said)}")
        return
    yield _Check("plan", True, t("Der Plan ist in Ordnung"))
    with open_store(context.home, context.clock) as store:
        for paper in sheets.papers(context, store, plan):
            good = paper.proven_at is not None
            yield _Check(f"sheet {paper.name}", good, sheets.sentence(context, paper))
        yield from _mail(context, store, plan)
        for verdict in judge_plan(context, store, plan):
            step = next_line(context, verdict)
            text = system_line(context, verdict) + (f" → {step}" if step else "")
            yield _Check(f"3-2-1 {verdict.facts.system}", verdict.is_green, text)
    for where in plan.destinations:
        place = folder_of_pc(where.location)
        if place is None:
            yield _far(context, where)
            yield from _locks(context, where, plan)
            continue
        folder = LocalFolder(where.id, place, "")
        if not folder.is_reachable():
            yield _Check(
                where.id,
                False,
                t("{name}: gerade nicht da ({path})", name=where.name, path=place),
            )
            continue
        free = size(folder.free_bytes(), context.texts.lang)
        text = t("{name}: da, {free} frei", name=where.name, free=free)
        if isinstance(where.location, SyncedLocation):
            yield _synced(context, where, text)
            continue
        if folder.flush_each:
            text += t(" (schreibt Datei für Datei fest und ist deshalb langsamer)")
        yield _Check(where.id, True, text)
