"""What every widget is given to draw with: tokens, type at the chosen size, icons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.theme.tokens import Tokens

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
FAMILY = "Inter"
_LARGE = 24
_ICON_GAP = 7


class Role(Enum):
    """Kinds of text: size in points at 100 %, weight, tracking in per cent (UI.md §3)."""

    ANSWER = (25.5, 600, -2)
    WIZARD = (21.0, 600, -2)
    DOOR = (18.0, 600, -2)
    NUMERAL = (20.0, 500, -2)
    CARD = (12.75, 600, 0)
    LEAD = (11.25, 400, 0)
    BODY = (10.5, 400, 0)
    STRONG = (10.5, 600, 0)
    MEDIUM = (10.5, 500, 0)
    SECONDARY = (9.75, 400, 0)
    HEAD = (9.0, 500, 0)


def load_fonts() -> None:
    """Make the bundled font known to Qt; once per process."""
    for name in ("Regular", "Medium", "SemiBold"):
        QFontDatabase.addApplicationFont(str(RESOURCES / "fonts" / f"Inter-{name}.ttf"))


@dataclass(frozen=True)
class Look:
    """Colours and the size of text; 1.0 is 100 %."""

    tokens: Tokens
    scale: float = 1.0
    _icons: dict[tuple[str, str, int, float], QIcon] = field(default_factory=dict, repr=False)

    def px(self, length: float) -> int:
        """A length of the design in pixels at this size of text."""
        return max(1, round(length * self.scale))

    def font(self, role: Role) -> QFont:
        points, weight, tracking = role.value
        font = QFont(FAMILY)
        # 96 dots an inch everywhere: what the design calls pixels, times what the person asks for
        size = points * 96 / 72
        if size > _LARGE:  # large type grows less: its lines would break at every word
            size *= (1 + (self.scale - 1) * 0.7) / self.scale
        font.setPixelSize(self.px(size))
        font.setWeight(QFont.Weight(weight))
        if tracking:
            font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 100 + tracking)
        return font

    def icon(self, name: str, colour: str = "", size: int = 20, ratio: float = 2.0) -> QIcon:
        """An icon of the set in one colour (ink2 unless named), kept once made."""
        colour = colour or self.tokens.ink2
        key = (name, colour, size, ratio)
        if key not in self._icons:
            self._icons[key] = QIcon(self._paint(name, colour, self.px(size), ratio))
        return self._icons[key]

    def kept(self, name: str, size: int, make: Callable[[], QIcon]) -> QIcon:
        """An icon that is painted elsewhere, kept once made."""
        key = (name, "", size, 2.0)
        if key not in self._icons:
            self._icons[key] = make()
        return self._icons[key]

    def pixmap(self, name: str, colour: str = "", size: int = 20) -> QPixmap:
        """The same as a picture."""
        return self.icon(name, colour, size).pixmap(self.px(size), self.px(size))

    def button_icon(self, name: str, colour: str, size: int = 20) -> QIcon:
        """The icon with room at its right: Qt puts the words of a button right beside it."""
        key = (name, colour, -size, 2.0)
        if key not in self._icons:
            side, gap = self.px(size) * 2, self.px(_ICON_GAP) * 2
            wide = QPixmap(side + gap, side)
            wide.fill(Qt.GlobalColor.transparent)
            painter = QPainter(wide)
            picture = self._paint(name, colour, self.px(size), 2.0)
            picture.setDevicePixelRatio(1.0)
            painter.drawPixmap(0, 0, picture)
            painter.end()
            wide.setDevicePixelRatio(2.0)
            self._icons[key] = QIcon(wide)
        return self._icons[key]

    def button_icon_size(self, size: int = 20) -> QSize:
        """What such an icon takes."""
        return QSize(self.px(size) + self.px(_ICON_GAP), self.px(size))

    def _paint(self, name: str, colour: str, size: int, ratio: float) -> QPixmap:
        text = (RESOURCES / "icons" / f"{name}.svg").read_text("utf-8")
        # Qt takes currentColor for black.
        text = text.replace("currentColor", colour).replace(
            'stroke-width="2"', 'stroke-width="1.75"'
        )
        renderer = QSvgRenderer(QByteArray(text.encode()))
        side = round(size * ratio)
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, side, side))
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap


def palette(tokens: Tokens) -> QPalette:
    """The palette of a theme: a pure function of its tokens."""
    roles = QPalette.ColorRole
    made = QPalette()
    pairs = {
        roles.Window: tokens.ground,
        roles.WindowText: tokens.ink,
        roles.Base: tokens.surface,
        roles.AlternateBase: tokens.sunken,
        roles.Text: tokens.ink,
        roles.Button: tokens.surface,
        roles.ButtonText: tokens.ink,
        roles.BrightText: tokens.bad,
        roles.ToolTipBase: tokens.surface,
        roles.ToolTipText: tokens.ink,
        roles.PlaceholderText: tokens.ink3,
        roles.Highlight: tokens.accent,
        roles.HighlightedText: tokens.on_accent,
        roles.Link: tokens.accent,
        roles.Mid: tokens.line2,
        roles.Light: tokens.surface,
        roles.Midlight: tokens.line,
        roles.Dark: tokens.ctl,
        roles.Shadow: tokens.ctl,
    }
    for role, colour in pairs.items():
        made.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.ink3))
    return made


def style_sheet(look: Look) -> str:
    """The one style sheet: cards, buttons, fields, from the same tokens."""
    t, px = look.tokens, look.px
    return f"""
    #card {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: {px(12)}px; }}
    #inset {{ background: {t.sunken}; border: none; border-radius: {px(10)}px; }}
    #rail {{ background: {t.ground}; border: none; border-right: 1px solid {t.line}; }}
    #wizardRail {{ background: {t.sunken}; border: none; }}
    #footer {{ background: {t.ground}; border: none; border-top: 1px solid {t.line}; }}
    #rule {{ background: {t.line}; border: none; max-height: 1px; min-height: 1px; }}
    #rule2 {{ background: {t.line2}; border: none; max-height: 1px; min-height: 1px; }}
    QPushButton {{ border-radius: {px(8)}px; padding: 0 {px(16)}px; min-height: {px(36)}px;
        border: 1px solid {t.ctl}; background: {t.surface}; color: {t.ink}; }}
    QPushButton:hover {{ background: {t.sunken}; }}
    QPushButton:focus {{ border: 2px solid {t.accent}; padding: 0 {px(16) - 1}px; }}
    QPushButton:disabled {{ color: {t.ink3}; border-color: {t.line2}; }}
    QPushButton[kind="primary"] {{ background: {t.accent}; color: {t.on_accent};
        border: 1px solid {t.accent}; min-height: {px(38)}px; }}
    QPushButton[kind="primary"]:hover {{ background: {t.accent_hover}; }}
    QPushButton[kind="primary"]:focus {{ border: 2px solid {t.ink}; }}
    QPushButton[kind="primary"]:disabled {{ background: {t.sunken}; color: {t.ink3};
        border: 1px solid {t.line2}; }}
    QPushButton[kind="link"] {{ border: 2px solid transparent; background: transparent;
        color: {t.accent}; padding: 0; min-height: {px(30)}px; text-align: left;
        border-radius: {px(4)}px; }}
    QPushButton[kind="link"]:hover {{ color: {t.accent_hover}; }}
    QPushButton[kind="link"]:focus {{ border: 2px solid {t.accent}; }}
    QPushButton[kind="nav"] {{ border: 2px solid transparent; background: transparent;
        color: {t.ink2}; text-align: left; padding: 0 {px(10)}px; min-height: {px(32)}px; }}
    QPushButton[kind="nav"]:hover {{ background: {t.sunken}; }}
    QPushButton[kind="nav"]:checked {{ background: {t.sunken}; color: {t.ink};
        border-left: 3px solid {t.accent}; }}
    QPushButton[kind="nav"]:focus {{ border: 2px solid {t.accent}; }}
    QPushButton[kind="tab"] {{ border: 2px solid transparent; background: transparent;
        color: {t.ink2}; padding: 0 {px(14)}px; min-height: {px(32)}px; }}
    QPushButton[kind="tab"]:hover {{ background: {t.sunken}; }}
    QPushButton[kind="tab"]:checked {{ background: {t.accent_soft}; color: {t.accent}; }}
    QPushButton[kind="tab"]:focus {{ border: 2px solid {t.accent}; }}
    QLineEdit {{ border: 1px solid {t.ctl}; border-radius: {px(8)}px; background: {t.surface};
        padding: 0 {px(12)}px; min-height: {px(38)}px; color: {t.ink};
        selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QLineEdit:focus {{ border: 2px solid {t.accent}; padding: 0 {px(12) - 1}px; }}
    QListView::item, QListView::item:selected, QListView::item:hover {{ background: transparent;
        border: none; }}
    QTableView::item {{ padding: 0 {px(12)}px 0 0; border: none; }}
    QTableView::item:selected {{ background: {t.accent_soft}; color: {t.ink}; }}
    QComboBox {{ border: 1px solid {t.ctl}; border-radius: {px(8)}px; background: {t.surface};
        padding: 0 {px(12)}px; color: {t.ink}; }}
    QComboBox::drop-down {{ border: none; width: {px(30)}px; }}
    QComboBox::down-arrow {{ image: none; }}
    QComboBox:focus {{ border: 2px solid {t.accent}; }}
    QComboBox QAbstractItemView {{ background: {t.surface}; color: {t.ink};
        selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QListView, QTreeView {{ border: none; background: transparent; outline: none; }}
    QTableView {{ border: none; background: transparent; outline: none; gridline-color: {t.line}; }}
    QHeaderView {{ background: transparent; border: none; }}
    QHeaderView::section:horizontal {{ background: transparent; border: none; color: {t.ink3};
        font: 500 {px(12)}px "{FAMILY}"; border-bottom: 1px solid {t.line2};
        padding: 0 0 {px(6)}px 0; }}
    QScrollArea, #page {{ background: {t.ground}; border: none; }}
    QScrollBar:vertical {{ background: transparent; width: {px(10)}px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {t.line2}; border-radius: 3px;
        min-height: {px(40)}px; margin: 2px; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: none; border: none; height: 0; }}
    QToolTip {{ background: {t.surface}; color: {t.ink}; border: 1px solid {t.ctl};
        padding: 4px; }}
    QMenu {{ background: {t.surface}; color: {t.ink}; border: 1px solid {t.line2}; padding: 4px; }}
    QMenu::item {{ padding: {px(6)}px {px(18)}px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {t.accent}; color: {t.on_accent}; }}
    QMenu::separator {{ background: {t.line}; height: 1px; margin: 4px; }}
    QCheckBox::indicator, QRadioButton::indicator {{ width: {px(18)}px; height: {px(18)}px; }}
    QCheckBox::indicator:unchecked {{ border: 1px solid {t.ctl}; border-radius: {px(5)}px;
        background: {t.surface}; width: {px(18) - 2}px; height: {px(18) - 2}px; }}
    QRadioButton::indicator:unchecked {{ border: 1px solid {t.ctl}; border-radius: {px(18) // 2}px;
        background: {t.surface}; width: {px(18) - 2}px; height: {px(18) - 2}px; }}
    QCheckBox::indicator:unchecked:focus, QRadioButton::indicator:unchecked:focus {{
        border: 2px solid {t.accent}; width: {px(18) - 4}px; height: {px(18) - 4}px; }}
    QCheckBox, QRadioButton {{ spacing: {px(10)}px; color: {t.ink}; }}
    """
