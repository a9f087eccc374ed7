"""One line of what was found."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QWidget

from gui.theme.look import Look, Role
from gui.widgets.basics import column, row, text


class HitLine(QWidget):
    """One line of the list."""

    def __init__(self, look: Look, icon: str, title: str, second: str, third: str) -> None:
        super().__init__()
        self.setObjectName("hit")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._look = look
        px, tokens = look.px, look.tokens
        line = row(gap=px(12), margins=(px(14), px(9), px(10), px(10)))
        picture = QLabel()
        picture.setPixmap(look.pixmap(icon))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        line.addWidget(picture)
        words = column(gap=px(1))
        width = px(318 - 14 - 10 - 12 - 20 - 4) if look.scale <= 1.2 else px(420)
        for said, role, colour in (
            (title, Role.MEDIUM, tokens.ink),
            (second, Role.SECONDARY, tokens.ink2),
            (third, Role.SECONDARY, tokens.ink2),
        ):
            if said:
                label = text(look, said, role, colour, wrap=False)
                metrics = QFontMetrics(label.font())
                label.setText(metrics.elidedText(said, Qt.TextElideMode.ElideMiddle, width))
                label.setToolTip(said)
                label.setAccessibleName(said)
                words.addWidget(label)
        line.addLayout(words, 1)
        self.setLayout(line)
        self.set_chosen(chosen=False)

    def set_chosen(self, *, chosen: bool) -> None:
        """Show whether it is the one."""
        tokens, px = self._look.tokens, self._look.px
        edge = f"2px solid {tokens.accent}" if chosen else "2px solid transparent"
        fill = tokens.surface if chosen else "transparent"
        self.setStyleSheet(
            f"#hit {{ border: {edge}; border-radius: {px(8)}px; background: {fill}; }}"
        )
