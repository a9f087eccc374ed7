"""Version, folders and the diagnosis of this PC, with a report for whoever helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from core import VERSION
from core.health.said import Mark
from gui.pages.settings.parts import card
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Elided, Flow, button, column, row, rule, text
from gui.widgets.marks import FactMark

_ARROW = " → "
_MENDED_IN = {"mail": "warnings", "agent": "by_itself", "pause": "by_itself"}
"""By the name of a check: the part of the settings in which a person changes it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor`: what was found, and the next step where something is amiss."""

    name: str
    good: bool
    text: str
    next_step: str = ""


def check_of(name: str, good: bool, said: str) -> Check:
    """A line of `doctor`, which has its next step behind an arrow."""
    found, _, step = said.partition(_ARROW)
    return Check(name, good, found, step)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """checks: None before the first. report: where the last report lies."""

    checks: tuple[Check, ...] | None = None
    is_running: bool = False
    report: str = ""
    problem: str = ""


def about_part(look: Look, shop: Shop) -> QWidget:
    """Version and folders."""
    t, px = shop.texts.t, look.px
    made, inside = card(look, t("Ladentresor {version}", version=VERSION))
    places = (
        (t("Ihr Plan und Ihre Geheimnisse"), shop.home.config),
        (t("Was Ladentresor sich merkt; lässt sich aus jeder Kopie neu aufbauen"), shop.home.state),
        (t("Zwischenspeicher"), shop.home.cache),
    )
    for words, folder in places:
        line = row(gap=px(12))
        said = column(gap=px(2))
        said.addWidget(text(look, words, Role.SECONDARY, look.tokens.ink2))
        said.addWidget(Elided(look, str(folder), Role.BODY, look.tokens.ink))
        line.addLayout(said, 1)
        opened = button(look, t("Öffnen"), lambda folder=folder: _open(folder), kind="link")  # type: ignore[misc]  # a default keeps the folder
        opened.setAccessibleName(t("Öffnen: {folder}", folder=words))
        line.addWidget(opened)
        inside.addLayout(line)
    return made


def _open(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def diagnosis_part(
    look: Look,
    shop: Shop,
    now: Diagnosis,
    check: Callable[[], object],
    write: Callable[[], object],
    show: Callable[[str], object],
) -> QWidget:
    """What `doctor` found, what is amiss first; `show` opens the part in which that is mended."""
    t, px = shop.texts.t, look.px
    note = t("Sieht nach, ob dieser PC alles hat, was Sichern und Zurückholen brauchen.")
    made, inside = card(look, t("Diagnose"), note)
    buttons = Flow(px(10), px(8))
    again = t("Noch einmal prüfen") if now.checks is not None else t("Jetzt prüfen")
    look_now = button(look, again, check, icon="refresh-cw")
    look_now.setEnabled(not now.is_running)
    buttons.addWidget(look_now)
    report = button(look, t("Bericht ohne Geheimnisse speichern"), write, icon="file-text")
    report.setEnabled(not now.is_running)
    buttons.addWidget(report)
    holder = QWidget()
    holder.setLayout(buttons)
    inside.addWidget(holder)
    if now.is_running:
        inside.addWidget(text(look, t("Wird geprüft …"), Role.BODY, look.tokens.ink2))
    if now.problem:
        inside.addWidget(text(look, now.problem, Role.BODY))
    if now.report:
        words = t("Der Bericht liegt in {path}. Lesen Sie ihn, bevor Sie ihn verschicken.",
                  path=now.report)  # fmt: skip
        inside.addWidget(text(look, words, Role.BODY))
    for one in sorted(now.checks or (), key=lambda one: one.good):
        inside.addWidget(rule())
        line = row(gap=px(10))
        sign = column(margins=(0, px(2), 0, 0))
        sign.addWidget(
            FactMark(look, Mark.TICK if one.good else Mark.WARN, 15, look.tokens.surface)
        )
        sign.addStretch(1)
        line.addLayout(sign)
        said = column(gap=px(2))
        found = text(look, one.text, Role.BODY)
        state = t("in Ordnung") if one.good else t("zu prüfen")
        found.setAccessibleName(f"{one.text}: {state}")
        said.addWidget(found)
        part = "" if one.good else _MENDED_IN.get(one.name.partition(" ")[0], "")
        if one.next_step and not part:
            said.addWidget(text(look, one.next_step, Role.SECONDARY, look.tokens.ink2))
        line.addLayout(said, 1)
        if part:
            there = button(look, t("Ansehen"), lambda part=part: show(part), kind="link")  # type: ignore[misc]  # a default keeps the part
            there.setAccessibleName(t("Ansehen: {what}", what=one.text))
            line.addWidget(there)
        inside.addLayout(line)
    return made


def report_path(day: str) -> Path:
    """A new file where people look for what they saved."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
    folder = Path(place) if place and Path(place).is_dir() else Path.home()
    target = folder / f"Ladentresor-Bericht {day}.txt"
    number = 2
    while target.exists():
        target = folder / f"Ladentresor-Bericht {day} ({number}).txt"
        number += 1
    return target
