"""Copies by themselves: the background process, its pause, and when it keeps out of the way."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QWidget

from core.agent.service import After
from core.health.said import Mark
from core.plan.limits import hours_text, rate_text
from core.plan.model import Plan
from core.texts.service import BUTTONS, HERE, next_copy
from gui.pages.settings.parts import Field, Form, card, save_to_plan, words
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, button, field, row, text
from gui.widgets.marks import FactMark
from gui.widgets.standing import mend


def by_itself_part(look: Look, shop: Shop, *, stacked: bool) -> Iterator[QWidget]:
    """The cards."""
    yield _service(look, shop)
    plan = shop.picture.plan if shop.picture else None
    if plan is None:
        return
    yield _pause(look, shop)
    yield _hours(look, shop, plan, stacked=stacked)
    yield _line(look, shop, plan, stacked=stacked)


def _service(look: Look, shop: Shop) -> QWidget:
    t, service, px = shop.texts.t, shop.service, look.px
    made, inside = card(look, t("Hintergrunddienst"))
    if service is None:
        inside.addWidget(text(look, t("Wird gelesen …"), Role.BODY, look.tokens.ink2))
        return made
    after = service.after
    line = row(gap=px(10))
    mark = Mark.TICK if after is After.GOES_ON else Mark.WARN
    line.addWidget(FactMark(look, mark, 16, look.tokens.surface))
    line.addWidget(text(look, t(HERE[after]), Role.BODY), 1)
    inside.addLayout(line)
    said = []
    if service.runs:
        said.append(next_copy(shop.texts, service.next, shop.clock.now()))
    if service.starts:
        said.append(t("Eingetragen in {place}", place=service.place))
    if service.other:
        said.append(t("Er ist von einer anderen Fassung; nach der nächsten Anmeldung stimmt sie."))
    for one in filter(None, said):
        inside.addWidget(text(look, one, Role.SECONDARY, look.tokens.ink2))
    buttons = Flow(px(10), px(8))
    if after is not After.GOES_ON:
        buttons.addWidget(button(look, t(BUTTONS[after]), lambda: mend(shop, after)))
    if service.starts or service.runs:
        off = button(look, t("Nicht mehr von selbst sichern"), lambda: shop.by_itself(on=False),
                     kind="link")  # fmt: skip
        off.setToolTip(t("Der Dienst endet und startet nicht mehr. Von Hand sichern geht weiter."))
        buttons.addWidget(off)
    holder = QWidget()
    holder.setLayout(buttons)
    inside.addWidget(holder)
    return made


def _pause(look: Look, shop: Shop) -> QWidget:
    t, px, said = shop.texts.t, look.px, shop.said
    note = t("So lange beginnt nichts von selbst. Von Hand sichern, zurückholen und alle Warnungen"
             " gehen weiter.")  # fmt: skip
    made, inside = card(look, t("Pause"), note)
    if shop.is_paused and said is not None:
        inside.addWidget(text(look, said.pause, Role.STRONG))
        inside.addWidget(text(look, said.pause_note, Role.SECONDARY, look.tokens.ink2))
        line = row()
        line.addWidget(button(look, t("Pause beenden"), shop.resume))
        line.addStretch(1)
        inside.addLayout(line)
        return made
    flow = Flow(px(10), px(8))
    for choice, words_on in shop.pauses():
        one = button(look, words_on, lambda choice=choice: shop.pause(choice))  # type: ignore[misc]  # a default keeps the choice
        one.setAccessibleName(t("Pause: {until}", until=words_on))
        flow.addWidget(one)
    holder = QWidget()
    holder.setLayout(flow)
    inside.addWidget(holder)
    line = row(gap=px(10))
    other = field(look, t("Pause bis zu einer anderen Zeit"), "18:30")
    other.setMaximumWidth(px(240))
    other.setPlaceholderText(t("18:30 oder 24.11. 6:00"))
    begin = button(look, t("Bis dahin pausieren"), lambda: shop.pause_typed(other.text().strip()))
    begin.setEnabled(False)
    other.textChanged.connect(lambda now: begin.setEnabled(bool(now.strip())))
    other.returnPressed.connect(begin.click)
    line.addWidget(other, 1)
    line.addWidget(begin)
    line.addStretch(1)
    inside.addLayout(line)
    inside.addWidget(
        text(look, t("Höchstens sieben Tage. Die Pause endet von selbst."), Role.SECONDARY,
             look.tokens.ink2)
    )  # fmt: skip
    return made


def _hours(look: Look, shop: Shop, plan: Plan, *, stacked: bool) -> QWidget:
    t, schedule = shop.texts.t, plan.schedule
    note = t("Solange offen ist, beginnen tägliche Kopien nicht von selbst, außer sie warten schon"
             " länger als einen Tag.")  # fmt: skip
    made, inside = card(look, t("Ladenzeiten"), note)
    closes = f"{schedule.closes:%H:%M}" if schedule.closes else ""
    opens = f"{schedule.opens:%H:%M}" if schedule.closes else ""
    fields = (
        Field("schedule.opens", t("Der Laden öffnet"), opens, "09:00"),
        Field("schedule.closes", t("Ladenschluss"), closes, "18:30"),
    )
    inside.addWidget(
        Form(look, fields, lambda form: save_to_plan(shop, form), t("Übernehmen"), stacked=stacked)
    )
    return made


def _line(look: Look, shop: Shop, plan: Plan, *, stacked: bool) -> QWidget:
    t, limits = shop.texts.t, plan.limits
    note = t("Platten bremst das nicht, und das Zurückholen auch nicht.")
    made, inside = card(look, t("Leitung und Akku"), note)
    hours = ", ".join(hours_text(one) for one in limits.working_hours)
    same = limits.upload_working_hours == limits.upload
    fields = (
        Field("limits.upload", t("Ins Netz höchstens"), rate_text(limits.upload), "8 Mbit/s"),
        Field("limits.upload_working_hours", t("Während der Arbeitszeit höchstens"),
              "" if same else rate_text(limits.upload_working_hours), "2 Mbit/s"),
        Field("limits.working_hours", t("Arbeitszeit"), hours, "mo-fr 08:00-18:30", turn=words),
        Field("limits.battery_least", t("Unter so viel Prozent Akku warten"),
              str(limits.battery_least), "30", turn=int),
        Field("limits.metered", t("Auf einer Leitung, die nach Verbrauch bezahlt wird"),
              str(limits.metered),
              choices=(("wait", t("warten, bis sie nichts kostet")), ("go", t("trotzdem senden")))),
    )  # fmt: skip
    inside.addWidget(
        Form(look, fields, lambda form: save_to_plan(shop, form), t("Übernehmen"), stacked=stacked)
    )
    return made
