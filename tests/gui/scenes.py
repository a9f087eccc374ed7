"""What the window shows in tests and pictures: shops made of facts, and a runner that obeys."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from core.clock import stamp
from core.copies.backing_up.anomaly import Facts, Rule, What
from core.copies.backing_up.gate import Example, Question
from core.copies.letting_go.forecast import Forecast
from core.destinations.devices import Device
from core.health.answer import answer, tasks
from core.health.folders import FolderFacts
from core.health.history import last_days
from core.health.look import Picture, Room
from core.health.model import CopyFacts, ReadBack, SystemFacts
from core.health.three_two_one import judge
from core.plan.model import Mode, Plan
from core.plan.read import read_plan
from core.store.home import Event as Lasting
from core.store.home import RunRow
from core.store.pauses import Pause
from gui.jobs.port import Event, Order

NOW = datetime(2026, 11, 22, 8, 40, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_TB = 10**12

PLAN = """version = 1
shop = "Feinkost Maier"
[[systems]]
id = "wawi"
name = "JTL-Wawi"
[[systems.sources]]
kind = "folders"
paths = ["/daten/wawi"]
[[systems]]
id = "buero"
name = "Büro und DATEV"
[[systems.sources]]
kind = "folders"
paths = ["/daten/buero"]
[[systems]]
id = "shop"
name = "Onlineshop"
mode = "saas"
[[destinations]]
id = "nas"
name = "NAS im Lager"
medium = "nas"
[destinations.location]
path = "/ziele/nas"
[[destinations]]
id = "usb-a"
name = "USB-Platte A"
site = "away"
offline = true
removable = true
encrypted = true
[destinations.location]
path = "/ziele/usb"
[[destinations]]
id = "tresor"
name = "Platte im Tresorraum"
[destinations.location]
path = "/ziele/tresor"
"""
_COPY = '[[copies]]\nsystem = "{}"\ndestination = "{}"\n'


def plan() -> Plan:
    """Two systems with all copies, three destinations, one service that is not covered yet."""
    return read_plan(plan_text(), source="plan.toml")


def plan_text() -> str:
    """The same as it stands in the file, with a comment."""
    pairs = [(s, d) for s in ("wawi", "buero") for d in ("nas", "usb-a", "tresor")]
    return PLAN + "# gehört Anna\n" + "".join(_COPY.format(*pair) for pair in pairs)


def copy(
    id: str, ago: timedelta, read: timedelta, restored: timedelta | None, **changes: object
) -> CopyFacts:
    """The facts of a copy by their ages."""
    where = plan().destination(id)
    facts: dict[str, object] = {
        "destination": id,
        "medium": where.medium,
        "site": where.site,
        "offline": where.offline,
        "operator": "",
        "every": 7 * DAY if where.offline else DAY,
        "reread": 90 * DAY,
        "copied": NOW - ago,
        "read_back": ReadBack(last=NOW - read, oldest=NOW - 60 * DAY, read_share=1.0),
        "restored": NOW - restored if restored else None,
        "damage": 0,
        "last_run": "COMMITTED",
        "last_code": "",
        "writes_elsewhere": False,
        "reachable": True,
        "device": Device(f"disk:{id}", f"uuid:{id}"),
    }
    return CopyFacts(**(facts | changes))  # type: ignore[arg-type]  # made of names and values


def system(id: str, *copies: CopyFacts) -> SystemFacts:
    """A system of the plan with these copies."""
    return SystemFacts(
        system=id,
        name=plan().system(id).name,
        mode=Mode.OWN,
        operator="",
        rpo=DAY,
        devices=(Device("disk:pc", "uuid:pc"),),
        copies=copies,
    )


def _runs(failed: int) -> list[RunRow]:
    chance = random.Random(5)
    made = []
    for back in range(29, -1, -1):
        for destination in ("nas", "tresor"):
            began = NOW - back * DAY - 6 * HOUR
            bad = destination == "nas" and back < failed
            new = 0 if bad else int(10 ** chance.uniform(6, 9))
            made.append(
                RunRow(
                    "wawi",
                    destination,
                    f"{back:06}",
                    stamp(began),
                    stamp(began),
                    "FAILED" if bad else "COMMITTED",
                    "destination_missing" if bad else "",
                    48_211,
                    18_400_000_000,
                    new,
                    2 if back == 16 and not bad else 0,
                )
            )
    return made


def picture(*systems: SystemFacts, failed: int = 0, held: tuple[str, ...] = ()) -> Picture:
    """How a shop with these systems stands."""
    verdicts = tuple(judge(one, NOW) for one in systems)
    runs = _runs(failed)
    return Picture(
        NOW,
        plan(),
        None,
        answer(verdicts, held),
        tasks(verdicts, held),
        verdicts,
        {"wawi": 18_400_000_000, "buero": 61_000_000_000},
        last_days(runs, NOW),
        (Room("nas", int(1.6 * _TB), 4 * _TB), Room("tresor", int(0.31 * _TB), int(0.5 * _TB))),
        tuple(runs),
        0,
        is_working=False,
        coming={
            "nas": Forecast(4e9, int(2.4 * _TB), timedelta(days=600)),
            "tresor": Forecast(1e9, int(0.19 * _TB), timedelta(days=190)),
        },
        folders=_folders(),
    )


def protected() -> Picture:
    """All is well."""
    return picture(
        system(
            "wawi",
            copy("nas", 6 * HOUR, 6 * HOUR, 18 * DAY),
            copy("usb-a", 4 * DAY, 4 * DAY, 74 * DAY),
            copy("tresor", 5 * HOUR, DAY, None),
        ),
        system(
            "buero",
            copy("nas", 6 * HOUR, 2 * DAY, 18 * DAY),
            copy("usb-a", 4 * DAY, 4 * DAY, None),
            copy("tresor", 5 * HOUR, 3 * DAY, None),
        ),
    )


def in_danger() -> Picture:
    """Only one copy is fresh: the NAS fails, the disk was not attached."""
    away = {"reachable": False, "last_run": "FAILED", "last_code": "destination_missing"}
    return picture(
        system(
            "wawi",
            copy("nas", 3 * DAY, 3 * DAY, 97 * DAY, **away),
            copy("usb-a", 19 * DAY, 19 * DAY, None, reachable=False),
            copy("tresor", 5 * HOUR, DAY, 125 * DAY),
        ),
        system(
            "buero",
            copy("nas", 3 * DAY, 3 * DAY, 97 * DAY, **away),
            copy("usb-a", 19 * DAY, 19 * DAY, None, reachable=False),
            copy("tresor", 5 * HOUR, DAY, 125 * DAY),
        ),
        failed=3,
    )


def to_act() -> Picture:
    """Fresh copies, but one was never read back and none lies away."""
    new = ReadBack(oldest=NOW - DAY)
    return picture(
        system(
            "wawi",
            copy("nas", 6 * HOUR, 6 * HOUR, None),
            copy("usb-a", 12 * DAY, 12 * DAY, None, reachable=False),
            copy("tresor", 5 * HOUR, DAY, None),
        ),
        system(
            "buero",
            copy("nas", 6 * HOUR, 2 * DAY, None),
            copy("usb-a", 2 * DAY, 2 * DAY, None, reachable=False),
            copy("tresor", 5 * HOUR, DAY, None, read_back=new),
        ),
    )


def not_yet() -> Picture:
    """Planned, nothing copied yet."""
    none: dict[str, object] = {"copied": None, "read_back": ReadBack(), "last_run": ""}
    made = picture(
        system("wawi", *(copy(id, DAY, DAY, None, **none) for id in ("nas", "usb-a", "tresor")))
    )
    return Picture(
        made.at,
        made.plan,
        None,
        made.answer,
        made.tasks,
        made.verdicts,
        {},
        last_days((), NOW),
        made.rooms,
        (),
        0,
        is_working=False,
        folders=_folders(),
    )


PEOPLE = """
[[people]]
id = "anna"
name = "Anna Maier"
email = "anna@feinkost-maier.de"
[[people]]
id = "bert"
name = "Bert Beispiel"
email = "bert@example.org"
role = "deputy"
[alerts]
quiet_from = "20:00"
quiet_until = "07:00"
[alerts.smtp]
host = "smtp.example.org"
sender = "laden@feinkost-maier.de"
[schedule]
opens = "09:00"
closes = "18:30"
[limits]
upload = "8 Mbit/s"
upload_working_hours = "2 Mbit/s"
working_hours = ["mo-fr 09:00-18:30", "sa 09:00-14:00"]
"""


def chosen() -> Picture:
    """All is well, and the plan says something of everything that can be chosen."""
    pairs = [(s, d) for s in ("wawi", "buero") for d in ("nas", "usb-a", "tresor")]
    text = PLAN + "".join(_COPY.format(*pair) for pair in pairs) + PEOPLE
    return replace(protected(), plan=read_plan(text, source="plan.toml"))


def may_go() -> Picture:
    """The disk that comes and goes has its copy, and was let go by the system."""
    done = Lasting("disk_ready", "info", "", "usb-a", stamp(NOW), stamp(NOW), "", "{}")
    return replace(protected(), disks=(done,))


def paused() -> Picture:
    """The same, and nothing begins by itself for the evening."""
    return replace(chosen(), pause=Pause(NOW - HOUR, NOW + 9 * HOUR + 20 * timedelta(minutes=1)))


class PlayedJob:
    """A job of `PlayedRunner`."""

    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class PlayedRunner:
    """Does nothing and remembers what was asked; the test plays the events."""

    lang = "de"

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.jobs: list[PlayedJob] = []
        self.hear: Callable[[Event], object] = lambda event: None

    def start(self, order: Order, heard: Callable[[Event], object]) -> PlayedJob:
        self.orders.append(order)
        self.hear = heard
        self.jobs.append(PlayedJob())
        return self.jobs[-1]

    def close(self) -> None:
        pass


def asked_about_changes() -> Picture:
    """The anomaly gate of one system is closed."""
    asked = Question(
        system="buero",
        since=stamp(NOW - 5 * HOUR),
        rule=Rule.MANY,
        facts=Facts(total=12_840, changed=3_112, lost=240, recent=3_352),
        examples=(
            Example("buero/Rechnungen/2026/RE-1841.pdf", What.HEAD),
            Example("buero/Rechnungen/2026/RE-1842.pdf", What.HEAD),
            Example("buero/Personal/Vertr%C3%A4ge/Meier.docx", What.LOST),
            Example("buero/Buchhaltung/Kasse 2026.xlsx", What.CHANGED),
        ),
    )
    found = protected()
    verdicts = found.verdicts
    return replace(
        found,
        answer=answer(verdicts, ("buero",)),
        tasks=tasks(verdicts, ("buero",)),
        questions=(asked,),
    )


def asked_again() -> Question:
    """The same question after more has changed."""
    [asked] = asked_about_changes().questions
    return msgspec.structs.replace(
        asked, facts=msgspec.structs.replace(asked.facts, changed=asked.facts.changed + 1)
    )


def _folders() -> dict[str, tuple[FolderFacts, ...]]:
    return {
        "wawi": (FolderFacts(Path("/daten/wawi"), is_there=True, bytes=18_400_000_000),),
        "buero": (FolderFacts(Path("/daten/buero"), is_there=True, bytes=61_000_000_000),),
        "shop": (),
    }


def home_folder(tmp: Path) -> Path:
    """A home that does not exist."""
    return tmp / "home"
