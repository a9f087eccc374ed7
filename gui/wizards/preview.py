"""A look into one version of a file: fetched into a private folder, shown, and removed at once."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPixmap
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QWidget

from core.texts.preview import Shown, kind_of, readable_text
from gui.jobs.port import Ended, Event, Failure, Job
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, row, text

if TYPE_CHECKING:
    from gui.wizards.restore import RestoreWizard

MOST_BYTES = 50_000_000
"""Larger files are not fetched only to be looked at."""
_MOST_TEXT = 64 * 1024
_PICTURE = 1200


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a look: text, or a picture, or neither."""

    words: str = ""
    picture: QImage | None = None


class Preview(QWidget):
    """A button; once pressed the beginning of a text, or a picture made to fit."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__()
        self._look, self._wizard = look, wizard
        self._job: Job | None = None
        self._path, self._run = "", ""
        t, px = wizard.texts.t, look.px
        lines = column(gap=px(8))
        self.setLayout(lines)
        line = row()
        self.open = button(look, t("Hineinsehen"), self._begin, icon="eye")
        line.addWidget(self.open)
        self._said = text(look, "", Role.SECONDARY, look.tokens.ink2)
        line.addSpacing(px(10))
        line.addWidget(self._said, 1)
        lines.addLayout(line)
        self.words = QPlainTextEdit()
        self.words.setReadOnly(True)
        self.words.setFont(look.font(Role.SECONDARY))
        self.words.setAccessibleName(t("Vorschau"))
        self.words.setMinimumHeight(px(150))
        lines.addWidget(self.words, 1)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        lines.addWidget(self.picture)
        self.forget()

    def offer(self, name: str, path: str, run: str, size: int) -> None:
        """A version that may be looked into: its name, `raw` path, run and size in bytes."""
        self.forget()
        self._path, self._run = path, run
        can = kind_of(name) is not Shown.NOTHING and size <= MOST_BYTES
        self.setVisible(can)

    def forget(self) -> None:
        """Show nothing; what is being fetched is not wanted any more."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._path = ""
        self._said.setText("")
        self.words.clear()
        self.words.hide()
        self.picture.clear()
        self.picture.hide()
        self.open.show()
        self.hide()

    # -- fetching -----------------------------------------------------------------------------

    def _begin(self) -> None:
        """Have this one file brought into a folder that only this user can read."""
        if self._job is not None or not self._path:
            return
        wizard, choice = self._wizard, self._wizard.choice
        # Goes at the latest when this process ends.
        private = tempfile.TemporaryDirectory(prefix="ladentresor-vorschau-")
        folder = Path(private.name)
        self._said.setText(wizard.texts.t("Wird geholt …"))
        failures: list[Failure] = []
        order = wizard.order(
            "restore", choice.system, "--into", str(folder / "datei"), "--from",
            choice.destination, "--at", self._run, "--path", self._path,
        )  # fmt: skip
        wanted = (self._path, self._run)

        def heard(event: Event) -> None:
            if isinstance(event, Failure):
                failures.append(event)
            elif isinstance(event, Ended):
                is_wanted = wanted == (self._path, self._run)
                self._job = None if is_wanted else self._job
                self._look_into(private, failures if is_wanted else [], show=is_wanted)

        self._job = wizard.shop.runner.start(order, heard)

    def _look_into(
        self, private: tempfile.TemporaryDirectory[str], failures: list[Failure], *, show: bool
    ) -> None:
        """Read it in a helper thread, and take the folder away whatever comes of it."""
        side = self._look.px(_PICTURE)

        def work() -> Seen:
            with private as folder:
                return _see(Path(folder), side) if show else Seen()

        def done(seen: Seen) -> None:
            if show:
                self._show(seen, failures)

        self._wizard.shop.bridge.call(work, done, lambda _: self._show(Seen(), failures))

    def _show(self, seen: Seen, failures: list[Failure]) -> None:
        t = self._wizard.texts.t
        if seen.picture is not None:
            width = max(self._look.px(200), self.width())
            fitting = seen.picture.scaled(
                QSize(width, self._look.px(320)),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self.picture.setPixmap(QPixmap.fromImage(fitting))
            self.picture.setAccessibleName(t("Vorschau des Bildes"))
            self.picture.show()
        elif seen.words:
            self.words.setPlainText(seen.words)
            self.words.show()
        self.open.setVisible(seen.picture is None and not seen.words)
        if seen.picture is None and not seen.words:
            said = failures[0].sentence if failures else t("Davon lässt sich hier nichts zeigen.")
            self._said.setText(said)
        else:
            self._said.setText("")


def _see(folder: Path, side: int) -> Seen:
    """The beginning of the text, or the picture, that lies below a folder."""
    file = next((one for one in sorted(folder.rglob("*")) if one.is_file()), None)
    if file is None:
        return Seen()
    if kind_of(file.name) is Shown.PICTURE:
        reader = QImageReader(str(file))
        reader.setAutoTransform(True)
        size = reader.size()
        if size.isValid() and max(size.width(), size.height()) > side:
            reader.setScaledSize(size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio))
        image = reader.read()
        return Seen(picture=None if image.isNull() else image)
    with file.open("rb") as stream:
        data = stream.read(_MOST_TEXT)
    return Seen(words=readable_text(data))
