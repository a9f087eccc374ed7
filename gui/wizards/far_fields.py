"""A NAS or cloud typed in: the fields its kind needs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from core.plan.providers import providers
from core.setup.far import FarForm, FarKind, FarLack, far_lack, is_usually_away
from core.texts import Texts
from core.texts.setup import FAR_KINDS
from gui.theme.look import Look, Role
from gui.widgets.basics import Pick, column, field, text

_SHOWN = {
    FarKind.SMB: ("host", "share", "user", "password", "path"),
    FarKind.WEBDAV: ("url", "user", "password"),
    FarKind.SFTP: ("host", "user", "password", "path"),
    FarKind.S3: ("provider", "endpoint", "region", "bucket", "access_key", "password", "path"),
}


class FarFields(QWidget):
    """Kind, and below it what that kind needs. `changed` when anything was typed or chosen."""

    changed = Signal()

    def __init__(self, look: Look, texts: Texts, entered: Callable[[], object]) -> None:
        super().__init__()
        t = texts.t
        inside = column(gap=look.px(6))
        self.setLayout(inside)
        kinds = [(str(kind), t(FAR_KINDS[kind])) for kind in FarKind]
        self.kind = Pick(look, t("Art des Ziels"), kinds, FarKind.SMB)
        inside.addWidget(self.kind)
        known = [(one.id, one.name) for one in providers().values()]
        self.provider = Pick(look, t("Anbieter"), known, "other")
        inside.addWidget(self.provider)
        words = {
            "host": (t("Name oder Adresse"), t("etwa diskstation oder 192.168.1.20")),
            "share": (t("Freigabe"), t("etwa sicherung")),
            "url": (t("Adresse"), t("etwa cloud.mein-laden.de")),
            "endpoint": (t("Adresse des Dienstes"), t("wenn der Anbieter sie nicht mitbringt")),
            "region": (t("Region"), t("wie der Anbieter sie nennt")),
            "bucket": (t("Bucket"), t("muss schon da sein")),
            "access_key": (t("Kennung des Zugangs (Access Key ID)"), ""),
            "user": (t("Benutzername"), ""),
            "password": (t("Kennwort"), ""),
            "path": (t("Ordner dort"), t("wenn es nicht der oberste sein soll")),
        }
        self.fields: dict[str, QLineEdit] = {}
        self._titles: dict[str, QLabel] = {}
        for name, (title, hint) in words.items():
            label = text(look, title, Role.HEAD, look.tokens.ink2)
            made = field(look, title, hint)
            label.setBuddy(made)
            made.returnPressed.connect(entered)
            made.textChanged.connect(lambda _: self.changed.emit())
            pair = column(gap=look.px(2))
            pair.addWidget(label)
            pair.addWidget(made)
            inside.addLayout(pair)
            self.fields[name], self._titles[name] = made, label
        self.fields["password"].setEchoMode(QLineEdit.EchoMode.Password)
        self.kind.currentIndexChanged.connect(self._kind_chosen)
        self._kind_chosen()

    @property
    def chosen_kind(self) -> FarKind:
        """What kind of place it is."""
        return FarKind(str(self.kind.currentData()))

    @property
    def password(self) -> str:
        """What opens the place."""
        return self.fields["password"].text()

    @property
    def is_usually_away(self) -> bool:
        """Whether a place of this kind usually stands outside the shop."""
        return is_usually_away(self.chosen_kind)

    def _kind_chosen(self) -> None:
        shown = _SHOWN[self.chosen_kind]
        for name, made in self.fields.items():
            made.setVisible(name in shown)
            self._titles[name].setVisible(name in shown)
        self.provider.setVisible("provider" in shown)
        self.changed.emit()

    def form(self, *, name: str = "", is_away: bool = False) -> FarForm:
        """What is typed now."""
        shown = _SHOWN[self.chosen_kind]
        words = {
            key: made.text()
            for key, made in self.fields.items()
            if key != "password" and key in shown
        }
        provider = str(self.provider.currentData()) if "provider" in shown else "other"
        return FarForm(
            kind=self.chosen_kind, name=name, provider=provider, is_away=is_away, **words
        )

    def lack(self) -> FarLack | None:
        """The first thing that is missing."""
        return far_lack(self.form(), has_password=bool(self.password))

    def point_at(self, lack: FarLack) -> None:
        """Have the missing thing typed."""
        self.fields[str(lack)].setFocus()

    def clear(self) -> None:
        """Nothing typed."""
        for made in self.fields.values():
            made.clear()
