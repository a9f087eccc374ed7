"""Every page: all that can be used has a name, nothing is cut off, the keyboard reaches it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QToolButton,
    QWidget,
)

from core.texts import Texts
from gui.theme.tokens import DARK, LIGHT, Tokens
from gui.widgets.basics import Page
from gui.widgets.figures import RunStrip
from gui.widgets.ledger import LedgerModel
from gui.widgets.version_line import VersionLine, places
from gui.window import layout_kind
from gui.wizards.restore import RestoreWizard
from tests.gui.conftest import Stage
from tests.gui.pages import ALIKE, PAGES, still
from tests.support.fixed_clock import NOON

_USABLE = (QAbstractButton, QLineEdit, QComboBox, QAbstractItemView, RunStrip, VersionLine)
EACH = pytest.mark.parametrize("name", [name for name in PAGES if name not in ALIKE])


@pytest.fixture
def page(stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    still(monkeypatch)

    def make(name: str, **how: object) -> Stage:
        picture, act = PAGES[name]
        made = stage(picture(), **how)
        act(made.window, made.shop, made.runner)
        made.settle()
        return made

    return make


def shown(window: QWidget, kind: type[QWidget] = QWidget) -> list[QWidget]:
    return [one for one in window.findChildren(kind) if one.isVisible()]


@EACH
def test_every_control_has_a_name_and_a_role(page: Callable[..., Stage], name: str) -> None:
    window = page(name).window
    usable = [one for one in shown(window) if isinstance(one, _USABLE)]
    assert usable
    for one in usable:
        if isinstance(one, QHeaderView | QToolButton):  # decoration; no stop of the keyboard
            continue
        seen = QAccessible.queryAccessibleInterface(one)
        assert seen is not None
        said = seen.text(QAccessible.Text.Name)
        assert said.strip(), f"{type(one).__name__} {one.objectName()} has no name"
        assert one.focusPolicy() != Qt.FocusPolicy.NoFocus or not one.isEnabled(), said


@EACH
@pytest.mark.parametrize("lang", ["de", "en"])
def test_nothing_is_cut_off_at_200_per_cent(
    page: Callable[..., Stage], name: str, lang: str
) -> None:
    window = page(name, scale=2.0, lang=lang).window
    assert clipped(window) == []
    for one in window.findChildren(Page):
        inner = one.widget()
        if one.isVisible() and inner is not None:
            assert inner.minimumSizeHint().width() <= one.viewport().width(), "sideways"


@EACH
def test_longer_words_are_not_cut_off(
    page: Callable[..., Stage], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another language, or a later wording: a third longer, at 150 per cent."""
    plain = Texts.t

    def longer(self: Texts, msgid: str, /, **params: object) -> str:
        said = plain(self, msgid, **params)
        words = said.split(" ")
        return f"{said} {' '.join(words[: len(words) // 3])}".strip() if len(words) > 2 else said

    monkeypatch.setattr(Texts, "t", longer)
    window = page(name, scale=1.5).window
    assert clipped(window) == []


def clipped(window: QWidget) -> list[str]:
    """Labels and buttons that have less room than their words need."""
    found = []
    for one in shown(window):
        words = one.accessibleName()
        if isinstance(one, QLabel) and one.text() and not _is_elided(one):
            if one.wordWrap():
                need = one.heightForWidth(one.width())
                bad = one.height() < need - 2 or one.width() < _longest_word(one)
            else:
                bad = one.width() < one.sizeHint().width() - 2
            bad = bad or one.height() < QFontMetrics(one.font()).height() - 2
            if bad:
                found.append(f"{one.text()[:80]!r} {one.size()} {one.sizeHint()}")
        if isinstance(one, QAbstractButton) and one.text():
            small = one.width() < one.minimumSizeHint().width() - 2
            if small:
                found.append(f"button {words!r} {one.size()} {one.minimumSizeHint()}")
    return found


def _is_elided(label: QLabel) -> bool:
    return "…" in label.text()


def _longest_word(label: QLabel) -> int:
    words = label.accessibleName() or label.text()
    metrics = QFontMetrics(label.font())
    # A path may break at its slashes.
    parts = words.replace("/", " ").split()
    return max((metrics.horizontalAdvance(one) for one in parts), default=0) - 2


@pytest.mark.parametrize(
    ("width", "scale", "kind"),
    [(1200, 1.0, "wide"), (1099, 1.0, "middle"), (1200, 1.25, "middle"), (1200, 2.0, "narrow")],
)
def test_layout_by_the_room_for_text(width: int, scale: float, kind: str) -> None:
    assert layout_kind(width, scale) == kind


# -- keyboard -------------------------------------------------------------------------------------


@EACH
def test_tab_reaches_everything_that_can_be_used(page: Callable[..., Stage], name: str) -> None:
    made = page(name)
    window = made.window
    wanted = {
        id(one)
        for one in shown(window, QAbstractButton)
        if one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    reached: set[int] = set()
    window.activateWindow()
    made.settle()
    for _ in range(80):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused is not None:
            reached.add(id(focused))
    # Of radio buttons in one group Tab reaches the chosen one, arrows the others.
    missed = [
        one.accessibleName()
        for one in shown(window, QAbstractButton)
        if id(one) in wanted - reached and not one.inherits("QRadioButton")
    ]
    assert missed == []


def test_a_day_by_keyboard_alone(page: Callable[..., Stage]) -> None:
    """See what is wrong, do it, look at the runs, go to the way back and leave it again."""
    made = page("02-uebersicht-in-gefahr")
    window, runner = made.window, made.runner
    window.activateWindow()

    def key(*args: object) -> None:
        QTest.keyClick(QApplication.focusWidget() or window, *args)  # type: ignore[call-overload]
        made.settle()

    for _ in range(20):
        key(Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused is not None and focused.accessibleName().startswith("Jetzt sichern: NAS"):
            break
    key(Qt.Key.Key_Space)
    assert [one.words for one in runner.orders] == [("backup", "--to", "nas")]
    for number, name in enumerate(("Übersicht", "Systeme", "Kopien", "Läufe"), Qt.Key.Key_1):
        key(Qt.Key(number), Qt.KeyboardModifier.AltModifier)
        assert window.page is not None
        assert window.page.accessibleName() == name
    key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(QApplication.focusWidget(), QLineEdit)
    key(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert "Was möchten Sie zurück?" in [one.text() for one in shown(window, QLabel)]  # type: ignore[attr-defined]
    window.activateWindow()
    assert isinstance(window.page, RestoreWizard)
    window.page.what.field.setFocus()
    made.settle()
    key(Qt.Key.Key_Escape)
    assert window.page.accessibleName() == "Läufe"
    key(Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert window.page.accessibleName() == "Übersicht"


# -- parts ----------------------------------------------------------------------------------------


def test_ledger_model_is_sound_and_speaks(
    page: Callable[..., Stage], qtmodeltester: object
) -> None:
    made = page("02-uebersicht-in-gefahr")
    said = made.shop.said
    assert said is not None
    model = LedgerModel(said.lines, made.shop.texts)
    qtmodeltester.check(model, force_py=True)  # type: ignore[attr-defined]
    spoken = model.data(model.index(0, 2), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "JTL-Wawi, NAS im Lager: kopiert vor 3 Tagen, überfällig."


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda one: one.name)
def test_same_facts_build_no_new_page(page: Callable[..., Stage], tokens: Tokens) -> None:
    """Nothing new: the widgets stay, and with them focus and place."""
    made = page("01-uebersicht-geschuetzt", tokens=tokens)
    before = shown(made.window, QLabel)
    made.shop.changed.emit()
    made.settle()
    assert shown(made.window, QLabel) == before


def test_a_run_that_fails_says_what_is_not_safe_and_the_next_step(
    page: Callable[..., Stage],
) -> None:
    words = [one.text() for one in shown(page("06-uebersicht-fehlgeschlagen").window, QLabel)]  # type: ignore[attr-defined]
    assert "„NAS im Lager“ ist nicht erreichbar." in words
    assert any("kommt nichts Neues an" in one and "Schließen Sie" in one for one in words)


def test_dots_keep_their_distance_and_their_order() -> None:
    moments = [NOON, NOON, NOON, NOON.replace(day=22), NOON.replace(day=28)]
    found = places(moments, 300, 18)
    assert found == sorted(found)
    assert all(b - a >= 17.9 for a, b in itertools.pairwise(found))
    assert found[0] >= 0
    assert found[-1] == 300
    assert len(places(moments * 40, 300, 18)) == 200
