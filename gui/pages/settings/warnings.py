"""Who is warned, by which way, and whether that was ever proven to arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.health.said import Mark
from core.plan.edit import Add, Change, Remove
from core.plan.model import Login, Person, Plan, Security, Smtp
from core.plan.model import Role as PersonRole
from core.plan.write import free_id
from core.texts.formats import date
from core.texts.people import DAYS, LANGUAGES, LOGINS, ROLES, SECURITIES
from gui.jobs.port import Failure
from gui.pages.settings.parts import Field, Form, card, changes, flag, save_to_plan
from gui.plan_change import Refusal, change_plan
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, field, row, rule, text
from gui.widgets.marks import FactMark

if TYPE_CHECKING:
    from core.alerts.standing import MailStanding

PASSWORD = "password"
"""The field whose value goes to the place for secrets, never into the plan."""


class Warnings:
    """The cards of this part. who: the id of the person that is being edited, '' for a new one.

    came: what came of the last test mail or code; `report` is told it.
    """

    def __init__(
        self,
        look: Look,
        shop: Shop,
        mail: MailStanding | None,
        who: str | None,
        edit: Callable[[str | None], object],
        *,
        stacked: bool,
        is_unread: bool = False,
        came: str = "",
        report: Callable[[str], object] = lambda words: None,
    ) -> None:
        self._is_unread, self._came, self._report = is_unread, came, report
        self._look, self._shop, self._mail = look, shop, mail
        self._who, self._edit, self._stacked = who, edit, stacked

    def cards(self) -> Iterator[QWidget]:
        """From top to bottom."""
        plan = self._shop.picture.plan if self._shop.picture else None
        if plan is None:
            return
        yield self._people(plan)
        yield self._proof(plan)
        yield self._server(plan)
        yield self._when(plan)

    # -- people -------------------------------------------------------------------------------

    def _people(self, plan: Plan) -> QWidget:
        look, t = self._look, self._shop.texts.t
        note = t("Verantwortliche erfahren alles zuerst, die Vertretung, was liegen bleibt.")
        made, inside = card(look, t("Wer gewarnt wird"), note)
        if not plan.people:
            inside.addLayout(_marked(look, Mark.WARN, t("Bisher niemand.")))
        for person in plan.people:
            inside.addWidget(rule())
            if person.id == self._who:
                inside.addWidget(self._person_form(plan, person))
            else:
                inside.addLayout(self._person(person))
        if self._who == "":
            inside.addWidget(rule())
            inside.addWidget(self._person_form(plan, None))
        elif self._who is None:
            line = row()
            line.addWidget(
                button(look, t("Person hinzufügen"), lambda: self._edit(""), icon="plus")
            )
            line.addStretch(1)
            inside.addLayout(line)
        return made

    def _person(self, person: Person) -> QVBoxLayout | QHBoxLayout:
        look, t, px = self._look, self._shop.texts.t, self._look.px
        words = column(gap=px(3))
        words.addWidget(text(look, person.name, Role.STRONG))
        facts = " · ".join((t(ROLES[person.role]), person.email or t("ohne Mailadresse")))
        words.addWidget(text(look, facts, Role.SECONDARY, look.tokens.ink2))
        words.addLayout(self._arrives(person))
        buttons = row(gap=px(16))
        if person.email and self._mail is not None and self._mail.has_server:
            send = button(
                look, t("Testmail schicken"), lambda: self._send_test(person), kind="link"
            )
            send.setAccessibleName(t("Testmail schicken: {name}", name=person.name))
            buttons.addWidget(send)
        change = button(look, t("Ändern"), lambda: self._edit(person.id), kind="link")
        change.setAccessibleName(t("Ändern: {name}", name=person.name))
        buttons.addWidget(change)
        if self._stacked:
            buttons.addStretch(1)
            words.addLayout(buttons)
            return words
        line = row(gap=px(16))
        line.addLayout(words, 1)
        line.addLayout(buttons)
        return line

    def _arrives(self, person: Person) -> QHBoxLayout:
        t, mail = self._shop.texts.t, self._mail
        if not person.email:
            return _marked(self._look, Mark.NONE, t("bekommt keine Mails"))
        if mail is None and self._is_unread:
            return _marked(self._look, Mark.WARN, t("Ob Mails ankommen, ist nicht zu lesen"))
        if mail is None:
            return _marked(self._look, Mark.NONE, t("Wird gelesen …"))
        if not mail.has_server:
            return _marked(self._look, Mark.WARN, t("ohne Mailserver kommt nichts an"))
        proven = mail.proven.get(person.id)
        if proven is None:
            return _marked(self._look, Mark.WARN, t("dass Mails ankommen, ist nicht bewiesen"))
        shown = date(proven, self._shop.texts.lang, now=self._shop.clock.now())
        return _marked(self._look, Mark.TICK, t("Ankunft bewiesen am {date}", date=shown))

    def _person_form(self, plan: Plan, person: Person | None) -> QWidget:
        look, t = self._look, self._shop.texts.t
        at = f"people.{person.id}" if person else "people."
        has_owner = any(one.role is PersonRole.OWNER for one in plan.people)
        role = person.role if person else PersonRole.DEPUTY if has_owner else PersonRole.OWNER
        fields = (
            Field(f"{at}.name", t("Name"), person.name if person else "", t("etwa Anna Maier")),
            Field(f"{at}.email", t("Mailadresse"), person.email if person else "",
                  "anna@example.org"),
            Field(f"{at}.role", t("Aufgabe"), str(role), choices=_said(t, ROLES)),
            Field(f"{at}.lang", t("Sprache der Mails"), person.lang if person else "de",
                  choices=_said(t, LANGUAGES)),
        )  # fmt: skip
        holder = QWidget()
        inside = column(gap=look.px(6))
        holder.setLayout(inside)
        inside.addWidget(
            Form(look, fields, lambda form: self._save_person(plan, person, form),
                 t("Übernehmen") if person else t("Hinzufügen"), stacked=self._stacked)
        )  # fmt: skip
        line = row(gap=look.px(16))
        line.addWidget(button(look, t("Abbrechen"), lambda: self._edit(None), kind="link"))
        if person is not None:
            gone = button(look, t("Nicht mehr warnen"), lambda: self._remove(person), kind="link")
            gone.setAccessibleName(t("Nicht mehr warnen: {name}", name=person.name))
            line.addWidget(gone)
        line.addStretch(1)
        inside.addLayout(line)
        return holder

    def _save_person(self, plan: Plan, person: Person | None, form: Form) -> None:
        t = self._shop.texts.t
        typed = {key.rpartition(".")[2]: value.strip() for key, value in form.typed.items()}
        asked: list[Change] = list(changes(form.fields, form.typed))
        if person is None:
            if not typed["name"]:
                form.show_result(t("Wie heißt die Person?"))
                return
            id = free_id(typed["name"], [one.id for one in plan.people])
            asked = [Add("people", {"id": id, **{k: v for k, v in typed.items() if v}})]

        def done(refusal: Refusal | None) -> None:
            if refusal is not None:
                form.show_result(refusal.text)
            else:
                self._edit(None)

        change_plan(self._shop, asked, done)

    def _remove(self, person: Person) -> None:
        gone = [Remove(f"people.{person.id}")]
        change_plan(self._shop, gone, lambda refusal: self._edit(person.id if refusal else None))

    # -- the proof ----------------------------------------------------------------------------

    def _send_test(self, person: Person) -> None:
        t = self._shop.texts.t

        def done(exit_code: int, failure: Failure | None) -> None:
            words = t("Eine Testmail ist unterwegs zu {name} ({address}).",
                      name=person.name, address=person.email)  # fmt: skip
            self._report("" if failure else words)

        self._report(t("Die Testmail wird verschickt …"))
        self._shop.small(("alerts", "test", "--to", person.id), done)

    def _confirm(self, code: str) -> None:
        t = self._shop.texts.t

        def done(exit_code: int, failure: Failure | None) -> None:
            self._report("" if failure else t("Bewiesen: Warnungen kommen dort an."))

        self._shop.small(("alerts", "confirm", code), done)

    def _proof(self, plan: Plan) -> QWidget:
        look, t, px = self._look, self._shop.texts.t, self._look.px
        note = t("Schicken Sie eine Testmail, und tippen Sie den Code daraus ab. Erst dann ist"
                 " bewiesen, dass Warnungen ankommen.")  # fmt: skip
        made, inside = card(look, t("Kommt es an?"), note)
        if self._mail is not None and self._mail.waiting:
            n = self._mail.waiting
            waits = self._shop.texts.n(
                "Eine Mail wartet darauf, dass der Mailserver sie nimmt.",
                "{n} Mails warten darauf, dass der Mailserver sie nimmt.", n,
            )  # fmt: skip
            inside.addLayout(_marked(look, Mark.WARN, waits))
        line = row(gap=px(10))
        code = field(look, t("Code aus der Testmail"), "abcd-efgh")
        code.setMaximumWidth(px(240))
        check = button(
            look, t("Code prüfen"),
            lambda: self._confirm(code.text().strip()),
        )  # fmt: skip
        check.setEnabled(False)
        code.textChanged.connect(lambda now: check.setEnabled(bool(now.strip())))
        code.returnPressed.connect(check.click)
        line.addWidget(code, 1)
        line.addWidget(check)
        line.addStretch(1)
        inside.addLayout(line)
        if self._came:
            inside.addWidget(text(look, self._came, Role.SECONDARY, look.tokens.ink2))
        return made

    # -- server and hours -----------------------------------------------------------------------

    def _server(self, plan: Plan) -> QWidget:
        look, t = self._look, self._shop.texts.t
        note = t("Die Angaben Ihres Mailanbieters für ausgehende Mails. Das Kennwort kommt in den"
                 " Schlüsselbund, nie in eine Datei.")  # fmt: skip
        made, inside = card(look, t("Mailserver"), note)
        smtp = plan.alerts.smtp
        inside.addWidget(
            Form(look, self._server_fields(smtp), lambda form: self._save_server(smtp, form),
                 t("Übernehmen"), stacked=self._stacked)
        )  # fmt: skip
        return made

    def _server_fields(self, smtp: Smtp | None) -> tuple[Field, ...]:
        t, at = self._shop.texts.t, "alerts.smtp"
        security = smtp.security if smtp else Security.STARTTLS
        login = smtp.login if smtp else Login.PASSWORD
        return (
            Field(f"{at}.host", t("Mailserver"), smtp.host if smtp else "", "smtp.example.org"),
            Field(f"{at}.sender", t("Absender"), smtp.sender if smtp else "",
                  "laden@example.org"),
            Field(f"{at}.security", t("Verschlüsselung"), str(security),
                  choices=_said(t, SECURITIES)),
            Field(f"{at}.port", t("Nummer des Anschlusses"), str(smtp.port) if smtp else "", "587",
                  turn=int),
            Field(f"{at}.user", t("Name des Kontos, sonst der Absender"),
                  smtp.user if smtp and smtp.user != smtp.sender else ""),
            Field(f"{at}.login", t("Anmeldung"), str(login), choices=_said(t, LOGINS)),
            Field(PASSWORD, t("Neues Kennwort"), "", t("bleibt, wenn hier nichts steht"),
                  secret=True),
        )  # fmt: skip

    def _save_server(self, smtp: Smtp | None, form: Form) -> None:
        """The password first, to the place for secrets; then the plan."""
        typed = form.typed
        secret = typed[PASSWORD]
        if secret and typed["alerts.smtp.login"] != Login.NONE:
            name = Smtp(host="-", sender="-", login=Login(typed["alerts.smtp.login"])).secret

            def kept(exit_code: int, failure: Failure | None) -> None:
                if failure is None:
                    save_to_plan(self._shop, form)
                else:
                    form.show_result(f"{failure.sentence} {failure.next_step}")

            self._shop.small(("secret", "set", name), kept, typed=f"{secret}\n")
        else:
            save_to_plan(self._shop, form)

    def _when(self, plan: Plan) -> QWidget:
        look, t, alerts = self._look, self._shop.texts.t, plan.alerts
        note = t("Auf dem Bildschirm erscheint nur, was jemand tun muss. In der Ruhezeit wird"
                 " niemand gestört; was dann geschieht, kommt danach zusammen.")  # fmt: skip
        made, inside = card(look, t("Wann und wo"), note)
        fields = (
            Field("alerts.desktop", t("Auch auf dem Bildschirm melden"),
                  "true" if alerts.desktop else "false", turn=flag,
                  choices=(("true", ""), ("false", ""))),
            Field("alerts.digest", t("Wochenübersicht"), str(alerts.digest),
                  choices=_said(t, DAYS)),
            Field("alerts.quiet_from", t("Ruhezeit von"),
                  f"{alerts.quiet_from:%H:%M}" if alerts.quiet_from else "", "20:00"),
            Field("alerts.quiet_until", t("Ruhezeit bis"),
                  f"{alerts.quiet_until:%H:%M}" if alerts.quiet_until else "", "07:00"),
        )  # fmt: skip
        inside.addWidget(
            Form(look, fields, lambda form: save_to_plan(self._shop, form), t("Übernehmen"),
                 stacked=self._stacked)
        )  # fmt: skip
        return made


def _said(t: Callable[..., str], table: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((value, t(words)) for value, words in table.items())


def _marked(look: Look, mark: Mark, words: str) -> QHBoxLayout:
    line = row(gap=look.px(8))
    line.addWidget(FactMark(look, mark, 14, look.tokens.surface))
    line.addWidget(text(look, words, Role.SECONDARY, look.tokens.ink2), 1)
    return line
