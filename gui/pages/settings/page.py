"""The settings: tabs, and below them the part that is open."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from core.agent.service import After
from core.plan.model import Plan
from core.texts.service import AFTER
from gui.jobs.asking import ask
from gui.jobs.port import Event, Failure, Told
from gui.pages.settings.by_itself import by_itself_part
from gui.pages.settings.parts import Form
from gui.pages.settings.this_pc import (
    Diagnosis,
    about_part,
    check_of,
    diagnosis_part,
    report_path,
)
from gui.pages.settings.view import view_part
from gui.pages.settings.warnings import Warnings
from gui.settings import Settings
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, Page, button, clear, column, one_of, text
from gui.widgets.standing import complaint_card

if TYPE_CHECKING:
    from core.alerts.standing import MailStanding

PARTS = ("by_itself", "warnings", "view", "this_pc")


@dataclass
class SettingsState:
    """What stays when the page is built anew, for another size or language."""

    part: str = PARTS[0]
    mail: MailStanding | None = None
    mail_unread: bool = False  # it could not be read
    mail_plan: Plan | None = None  # of which plan that is
    who: str | None = None
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    results: dict[str, str] = field(default_factory=dict)  # what came of each form


class SettingsPage(Page):
    """Everything that can be chosen."""

    def __init__(
        self,
        look: Look,
        shop: Shop,
        kind: str,
        settings: Settings,
        state: SettingsState,
        choose: Callable[..., object],
    ) -> None:
        margins = (40, 30, 40, 24) if kind != "narrow" else (18, 14, 18, 14)
        super().__init__(look, margins)
        self._shop, self._kind = shop, kind
        self._settings, self._state, self._choose = settings, state, choose
        self._shown: object = None
        t, px = shop.texts.t, look.px
        self.setAccessibleName(t("Einstellungen"))
        self.body.addWidget(text(look, t("Einstellungen"), Role.WIZARD))
        self.body.addSpacing(px(6))
        self._lead = text(look, "", Role.LEAD, look.tokens.ink2)
        self.body.addWidget(self._lead)
        self.body.addSpacing(px(14))
        self._tabs: dict[str, QPushButton] = {}
        self.body.addWidget(self._tab_row())
        self.body.addSpacing(px(16))
        self._content = column(gap=px(14))
        self.body.addLayout(self._content)
        self.body.addStretch(1)
        shop.changed.connect(self.show_facts)
        self.show_facts()

    def _tab_row(self) -> QWidget:
        t, px = self._shop.texts.t, self.look.px
        holder = QWidget()
        flow = Flow(px(6), px(6))
        holder.setLayout(flow)
        for part, words in (
            ("by_itself", t("Von selbst")),
            ("warnings", t("Warnungen")),
            ("view", t("Dieses Fenster")),
            ("this_pc", t("Dieser PC")),
        ):
            made = button(self.look, words, None, kind="tab")
            one_of(made, functools.partial(self._is_open, part), functools.partial(self.open, part))
            flow.addWidget(made)
            self._tabs[part] = made
        return holder

    def _is_open(self, part: str) -> bool:
        return self._state.part == part

    def open(self, part: str) -> None:
        """Show a part."""
        self._state.part = part
        self._state.who = None
        self._state.results.clear()
        for name, one in self._tabs.items():
            one.setChecked(name == part)
        self._shown = None
        self.show_facts()
        self.verticalScrollBar().setValue(0)
        self._ask_mail()

    # -- what changes -------------------------------------------------------------------------

    def show_facts(self) -> None:
        """Build the part from what is known now; not while somebody types, or nothing is new."""
        shop, state = self._shop, self._state
        after = shop.after
        lead = shop.texts.t(AFTER[after]) if after is not None else ""
        if (
            shop.is_paused
            and shop.said is not None
            and after in (After.GOES_ON, After.UNTIL_LOGOFF)
        ):
            lead = f"{shop.said.pause}. {shop.said.pause_note}"
        self._lead.setText(lead)
        self._lead.setVisible(bool(lead))
        picture = shop.picture
        if picture is not None and picture.plan != state.mail_plan:
            state.mail_plan = picture.plan
            self._ask_mail()  # another server or address has to prove itself
        now = (
            state.part, state.mail, state.mail_unread, state.who, state.diagnosis,
            state.results.get("mail", ""),
            shop.service, shop.is_paused, shop.complaint, shop.pauses(),
            picture and picture.plan, picture and picture.pause,
        )  # fmt: skip
        if now == self._shown or (self._shown is not None and self._is_typing(now)):
            return
        self._shown = now
        self._build()

    def _is_typing(self, now: tuple[object, ...]) -> bool:
        """Whether a form holds what is not taken over yet, and a person did not leave it."""
        shown = self._shown
        stays = isinstance(shown, tuple) and (shown[0], shown[3]) == (now[0], now[3])
        return stays and any(one.is_dirty for one in self.findChildren(Form) if one.isVisible())

    def _build(self) -> None:
        focused = QApplication.focusWidget()
        name = focused.accessibleName() if focused and self.isAncestorOf(focused) else ""
        where = self.verticalScrollBar().value()
        clear(self._content)
        if self._shop.complaint is not None:
            self._content.addWidget(complaint_card(self.look, self._shop))
        for one in self._cards():
            self._content.addWidget(one)
        for form in self.findChildren(Form):
            form.show_result(self._state.results.get(form.name, ""))
            form.told.connect(self._state.results.__setitem__)
        self.verticalScrollBar().setValue(where)
        if name:
            self._focus(name)

    def _focus(self, name: str) -> None:
        for one in self.findChildren(QWidget):
            if one.accessibleName() == name and one.isEnabled() and not one.isHidden():
                one.setFocus()
                return

    def _cards(self) -> Iterator[QWidget]:
        look, shop, state = self.look, self._shop, self._state
        stacked = self._kind == "narrow"
        if state.part == "by_itself":
            yield from by_itself_part(look, shop, stacked=stacked)
        elif state.part == "warnings":
            made = Warnings(
                look, shop, state.mail, state.who, self._edit,
                stacked=stacked, is_unread=state.mail_unread,
                came=state.results.get("mail", ""), report=self._came,
            )  # fmt: skip
            yield from made.cards()
        elif state.part == "view":
            texts = shop.texts
            yield view_part(look, texts.t, texts.lang, self._settings, self._choose)
        else:
            yield diagnosis_part(
                look, shop, state.diagnosis, self.check, self.write_report, self.open
            )
            yield about_part(look, shop)

    def _edit(self, who: str | None) -> None:
        """Open the form of a person ('' for a new one), or close it."""
        self._state.who = who
        self._shop.changed.emit()

    # -- what is slow -------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._ask_mail()

    def _ask_mail(self) -> None:
        if self._state.part == "warnings":
            self._shop.look_at_mail(self._mail_seen)

    def _came(self, words: str) -> None:
        """What came of a test mail or a code; whether mails arrive may be another matter now."""
        self._state.results["mail"] = words
        self._shop.changed.emit()
        self._ask_mail()

    def _mail_seen(self, found: MailStanding | None) -> None:
        self._state.mail, self._state.mail_unread = found, found is None
        self._shop.changed.emit()  # this page may have been built anew meanwhile

    def check(self) -> None:
        """Have this PC looked at."""
        self._diagnose("")

    def write_report(self) -> None:
        """The same, and write it down without secrets."""
        self._diagnose(str(report_path(f"{self._shop.clock.local():%Y-%m-%d}")))

    def _diagnose(self, report: str) -> None:
        state = self._state
        state.diagnosis = replace(state.diagnosis, is_running=True, problem="", report="")
        self.show_facts()
        found = []

        def heard(event: Event) -> None:
            if isinstance(event, Told) and "check" in event.fields:
                fields = event.fields
                said = str(fields["text"])
                found.append(check_of(str(fields["check"]), fields["good"] is True, said))

        def done(exit_code: int, failure: Failure | None) -> None:
            problem = f"{failure.sentence} {failure.next_step}" if failure else ""
            written = "" if failure else report
            state.diagnosis = Diagnosis(tuple(found), report=written, problem=problem)
            self._shop.changed.emit()

        words = ("doctor", *(("--report", report) if report else ()))
        ask(self._shop.runner, words, done, heard=heard)
