"""Who is responsible: two people, and a mail that is proven to arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtWidgets import QLineEdit, QVBoxLayout

from core.health.said import Mark
from core.plan.model import Security
from core.setup.draft import Contact, Mail
from core.setup.templates import mail_server_for
from gui.jobs.port import Failure
from gui.theme.look import Look, Role
from gui.widgets.basics import Pick, button, column, field, row, text
from gui.widgets.marks import FactMark
from gui.wizards.setup_pages.parts import SetupPage

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard

SECRET = "smtp.password"
"""What the plan's mail server is opened with (core.plan.model.Smtp.secret)."""
_PORTS = {Security.STARTTLS: 587, Security.TLS: 465}


class PeoplePage(SetupPage):
    """Owner, deputy, the mail server; all may be left out, which is said."""

    def __init__(self, look: Look, wizard: SetupWizard) -> None:
        t = wizard.texts.t
        super().__init__(
            look, wizard, t("Wer kümmert sich darum?"),
            t("Kommt eine Kopie nicht an, erfährt es zuerst die verantwortliche Person, dann die"
              " Vertretung. Nur mit zwei Menschen fällt es auf, wenn einer ausfällt."),
        )  # fmt: skip
        px = look.px
        self._is_shown = False
        self._names: list[QLineEdit] = []
        self._mails: list[QLineEdit] = []
        for title in (t("Verantwortlich"), t("Vertretung")):
            self.head(title)
            line = column(gap=px(8)) if look.scale > 1.2 else row(gap=px(12))
            name = field(look, f"{title}: {t('Name')}", t("Name"))
            address = field(look, f"{title}: {t('Mailadresse')}", t("Mailadresse"))
            for one in (name, address):
                one.setMaxLength(120)
                one.textChanged.connect(self._typed)
                line.addWidget(one, 1)
            self.body.addLayout(line)
            self.body.addSpacing(px(16))
            self._names.append(name)
            self._mails.append(address)
        self.head(t("Warnungen per Mail"))
        self.body.addWidget(
            text(look, t("Ladentresor schickt sie über Ihr eigenes Postfach. Das Kennwort liegt im"
                         " Schlüsselbund dieses PCs, nicht im Plan."),
                 Role.SECONDARY, look.tokens.ink2)
        )  # fmt: skip
        self.body.addSpacing(px(8))
        self.body.addLayout(self._server())
        self.body.addSpacing(px(12))
        self.body.addLayout(self._proof())
        self.body.addStretch(1)

    def _server(self) -> QVBoxLayout:
        look, t, px = self.look, self.wizard.texts.t, self.look.px
        lines = column(gap=px(8))
        self.mailbox = field(look, t("Postfach, von dem die Mails kommen"),
                            t("Postfach, von dem die Mails kommen"))  # fmt: skip
        self.password = field(look, t("Kennwort des Postfachs"), t("Kennwort"))
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.host = field(look, t("Mailserver"), t("Mailserver, etwa smtp.anbieter.de"))
        ways = [
            (str(Security.STARTTLS), t("STARTTLS, Port 587")),
            (str(Security.TLS), t("TLS, Port 465")),
        ]
        self.security = Pick(look, t("Verschlüsselung"), ways, Security.STARTTLS)
        for pair in ((self.mailbox, self.password), (self.host, self.security)):
            line = column(gap=px(8)) if look.scale > 1.2 else row(gap=px(12))
            for one in pair:
                line.addWidget(one, 1)
            lines.addLayout(line)
        self.mailbox.textChanged.connect(self._sender_typed)
        self.host.textChanged.connect(self._typed)
        self.security.currentIndexChanged.connect(self._typed)
        return lines

    def _proof(self) -> QVBoxLayout:
        look, t, px = self.look, self.wizard.texts.t, self.look.px
        lines = column(gap=px(8))
        line = row(gap=px(12))
        self.send = button(look, t("Testmail schicken"), self._send)
        line.addWidget(self.send)
        line.addStretch(1)
        lines.addLayout(line)
        line = row(gap=px(12))
        self.code = field(look, t("Code aus der Testmail"), t("Code aus der Testmail"))
        self.code.setMaximumWidth(px(240))
        self.code.returnPressed.connect(self._confirm)
        self.confirm = button(look, t("Code prüfen"), self._confirm)
        line.addWidget(self.code, 1)
        line.addWidget(self.confirm)
        line.addStretch(1)
        lines.addLayout(line)
        line = row(gap=px(8))
        self._mark = FactMark(look, Mark.NEVER, 16)
        line.addWidget(self._mark)
        self.said = text(look, "", Role.BODY)
        line.addWidget(self.said, 1)
        lines.addLayout(line)
        return lines

    # -- showing ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Show what is chosen."""
        draft, mail = self.wizard.draft, self.wizard.draft.mail
        self._is_shown = False
        for contact, name, address in zip(
            (draft.owner, draft.deputy), self._names, self._mails, strict=True
        ):
            name.setText(contact.name)
            address.setText(contact.email)
        if mail is not None:
            self.mailbox.setText(mail.sender)
            self.host.setText(mail.host)
            self.security.setCurrentIndex(self.security.findData(str(mail.security)))
        self._is_shown = True
        self.show_code(is_sent=False)
        self._show_state()
        self._names[0].setFocus()

    def show_code(self, *, is_sent: bool) -> None:
        """Ask for the code once a mail is on its way."""
        self.code.setVisible(is_sent)
        self.confirm.setVisible(is_sent)

    def _show_state(self) -> None:
        t, draft = self.wizard.texts.t, self.wizard.draft
        if draft.is_mail_proven:
            self._tell(Mark.TICK, t("Bewiesen: Die Testmail ist angekommen."))
        else:
            self._tell(
                Mark.NEVER,
                t("Noch nicht bewiesen. Bis dahin erfahren Sie Warnungen nur am Bildschirm dieses"
                  " PCs. Sie können das überspringen und später nachholen."),
            )  # fmt: skip
        self.send.setEnabled(self._can_send)

    @property
    def _can_send(self) -> bool:
        draft = self.wizard.draft
        return draft.mail is not None and bool(draft.owner.email or draft.deputy.email)

    def _tell(self, mark: Mark, words: str) -> None:
        self._mark.set_mark(mark)
        self.said.setText(words)

    # -- typing -------------------------------------------------------------------------------

    def _sender_typed(self, words: str) -> None:
        found = mail_server_for(words)
        if found is not None and self._is_shown:
            self.host.setText(found.host)
            self.security.setCurrentIndex(self.security.findData(str(found.security)))
        self._typed()

    def _typed(self) -> None:
        if not self._is_shown:
            return
        owner, deputy = (
            Contact(name=name.text().strip(), email=address.text().strip())
            for name, address in zip(self._names, self._mails, strict=True)
        )
        draft = self.wizard.draft
        mail = self._mail()
        is_proven = draft.is_mail_proven and mail == draft.mail and owner.email == draft.owner.email
        self.wizard.choose(
            msgspec.structs.replace(
                draft, owner=owner, deputy=deputy, mail=mail, is_mail_proven=is_proven
            )
        )
        self._show_state()

    def _mail(self) -> Mail | None:
        sender, host = self.mailbox.text().strip(), self.host.text().strip()
        if "@" not in sender or not host:
            return None
        security = Security(str(self.security.currentData()))
        name, _, number = host.partition(":")
        port = int(number) if number.isdecimal() else _PORTS[security]
        return Mail(host=name, port=port, security=security, sender=sender)

    # -- proving ------------------------------------------------------------------------------

    def _send(self) -> None:
        """Password, then the plan that names server and people, then the mail: each by command."""
        t, wizard = self.wizard.texts.t, self.wizard
        self.send.setEnabled(False)
        self._tell(Mark.RUN, t("Die Testmail geht hinaus …"))

        def send() -> None:
            wizard.ask(("alerts", "test"), self._sent)

        self.keep_password(lambda: wizard.put_into_force(send, self._failed), self._failed)

    def keep_password(
        self, done: Callable[[], object], failed: Callable[[Failure | None], object]
    ) -> None:
        """Keep the password that was typed with the secrets, where one was; then `done`."""
        password = self.password.text()
        if not password or self.wizard.draft.mail is None:
            done()
            return

        def kept(exit_code: int, failure: Failure | None) -> None:
            if failure is not None or exit_code:
                failed(failure)
                return
            self.password.clear()
            done()

        self.wizard.ask(("secret", "set", SECRET), kept, typed=password + "\n")

    def _sent(self, exit_code: int, failure: Failure | None) -> None:
        if failure is not None or exit_code:
            self._failed(failure)
            return
        t = self.wizard.texts.t
        self.send.setEnabled(True)
        self.show_code(is_sent=True)
        self._tell(Mark.RUN, t("Die Testmail ist unterwegs. Tippen Sie den Code ein, der in ihr"
                               " steht."))  # fmt: skip
        self.code.setFocus()

    def _failed(self, failure: Failure | None) -> None:
        self.send.setEnabled(True)
        words = f"{failure.sentence} {failure.next_step}" if failure else ""
        self._tell(Mark.BAD, words or self.wizard.texts.t("Das ging nicht."))

    def _confirm(self) -> None:
        code = self.code.text().strip()
        if code:
            self.wizard.ask(("alerts", "confirm", code), self._confirmed)

    def _confirmed(self, exit_code: int, failure: Failure | None) -> None:
        if failure is not None or exit_code:
            self._failed(failure)
            return
        self.code.clear()
        self.show_code(is_sent=False)
        self.wizard.choose(msgspec.structs.replace(self.wizard.draft, is_mail_proven=True))
        self._show_state()
