"""The real program in real trays: XEmbed, StatusNotifier, and a desktop that has none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.agent.service import service_of
from core.clock import SystemClock
from core.store.home import HomeStore
from core.store.pauses import Pause, pause_of
from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli
from tests.support.screen import MISSING, Screen, Window, screen, xembed_tray
from tests.support.secret_service import session_bus
from tests.support.status_notifier import host

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}")
PATIENCE = 60.0


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = make_shop(tmp_path)
    (made.source / "kasse.csv").write_text("1;2;3\n")
    cli.run("backup", home=made.home)
    return made


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A user of their own: nothing of this one's desktop is seen or changed."""
    for name in ("run", "benutzer"):
        (tmp_path / name).mkdir(mode=0o700)
    with session_bus(tmp_path) as bus:
        yield bus | {
            "XDG_RUNTIME_DIR": str(tmp_path / "run"),
            "HOME": str(tmp_path / "benutzer"),
            "XDG_CONFIG_HOME": str(tmp_path / "benutzer" / ".config"),
            "XDG_CURRENT_DESKTOP": "",
            "LANG": "de_DE.UTF-8",
            "LC_ALL": "",
        }


def pause(shop: Shop) -> Pause | None:
    store = HomeStore(agent.home_of(shop.home).database, SystemClock())
    try:
        return pause_of(store.events(), SystemClock().now())
    finally:
        store.close()


def wait(true: Callable[[], object], what: str = "") -> object:
    return agent.wait_for(true, seconds=PATIENCE, what=what)


def window(shown: Screen) -> Window | None:
    """The window itself, which is larger than the panel."""
    return next((one for one in shown.windows("^Ladentresor") if one.width > 600), None)


def panel(shown: Screen) -> Window | None:
    return next((one for one in shown.windows("^Ladentresor$") if one.width < 600), None)


def choose(
    shown: Screen, icon: tuple[int, int], ways: tuple[str, ...], is_so: Callable[[], object]
) -> None:
    """Choose from the icon's menu; a busy machine may need longer to show it."""
    for patience in (0.5, 2, 5):
        shown.click(icon, right=True)
        time.sleep(patience)
        shown.keys(*ways, "Return")
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if is_so():
                return
            time.sleep(0.1)
        shown.keys("Escape")
    raise AssertionError("the menu did nothing")


def test_a_tray_of_the_old_kind(shop: Shop, env: dict[str, str]) -> None:
    with (
        screen() as shown,
        xembed_tray(shown) as tray,
        cli.start(home=shop.home, env=env | shown.env, module="gui") as program,
    ):
        wait(lambda: window(shown), "the window")
        wait(lambda: tray().width > 16, "an icon in the tray")
        time.sleep(0.5)
        icon = tray().middle
        shown.click(icon)
        wait(lambda: panel(shown), "the panel")
        shown.click(icon)  # once more: it goes
        wait(lambda: panel(shown) is None, "no panel")
        before = len(agent.runs(shop.home))
        choose(shown, icon, ("Down", "Down"), lambda: len(agent.runs(shop.home)) > before)
        wait(lambda: agent.runs(shop.home)[-1].status == "UNCHANGED", "its end")
        choose(shown, icon, ("Up",), lambda: panel(shown))  # the last: leave; it asks
        question = panel(shown)
        assert question is not None
        assert program.process.poll() is None
        shown.do("windowfocus", question.id)  # nobody manages windows here
        shown.keys("Escape")
        wait(lambda: panel(shown) is None, "no question")
        time.sleep(0.3)
        assert program.process.poll() is None, "it stays when a person says so"


def test_a_tray_of_the_new_kind(shop: Shop, env: dict[str, str]) -> None:
    cli.run("agent", "install", home=shop.home, env=env)
    with (
        screen() as shown,
        host(env["DBUS_SESSION_BUS_ADDRESS"]) as desk,
        agent.running(shop.home),
        cli.start(home=shop.home, env=env | shown.env, module="gui") as program,
    ):
        desk.wait()
        wait(lambda: desk.rest(0.2) and window(shown), "the window")
        wait(lambda: "Nein." in str(desk.rest(0.2) and desk.properties()["ToolTip"]), "its words")
        facts = desk.properties()
        assert facts["IconPixmap"] or facts["IconName"]
        assert facts["Status"] == "Active"
        wait(lambda: [e for e in desk.menu().all() if e.label == "eine Stunde"], "pauses")
        labels = [one.label for one in desk.menu().below if one.label]
        assert labels[:4] == ["Ladentresor öffnen", "Jetzt sichern", "Daten zurückholen", "Pause"]
        desk.activate()
        wait(lambda: desk.rest(0.2) and panel(shown), "the panel")
        desk.activate()
        wait(lambda: desk.rest(0.2) and panel(shown) is None, "no panel")
        desk.press("eine Stunde")
        wait(lambda: desk.rest(0.2) and pause(shop), "a pause")
        wait(lambda: "Pause bis" in str(desk.rest(0.2) and desk.properties()["ToolTip"]))
        desk.press("Pause beenden")
        wait(lambda: desk.rest(0.2) and pause(shop) is None, "no pause")
        before = len(agent.runs(shop.home))
        desk.press("Jetzt sichern")
        wait(lambda: desk.rest(0.2) and len(agent.runs(shop.home)) > before, "a run")
        wait(lambda: desk.rest(0.2) and agent.runs(shop.home)[-1].status == "UNCHANGED")
        desk.press("Daten zurückholen")
        desk.rest(0.5)
        assert program.process.poll() is None
        desk.press("Beenden, Kopien entstehen weiter")  # the entry says it: nobody is asked
        assert program.process.wait(20) == 0
        assert agent.answers(shop.home) is not None


def test_without_a_tray_closing_the_window_says_what_follows(
    shop: Shop, env: dict[str, str]
) -> None:
    assert not service_of(agent.home_of(shop.home), []).runs
    with (
        screen() as shown,
        cli.start(home=shop.home, env=env | shown.env, module="gui") as program,
    ):
        first = wait(lambda: window(shown), "the window")
        assert isinstance(first, Window)
        time.sleep(1)
        for answer in (("Escape",), ("Tab", "space")):
            shown.do("windowfocus", first.id)  # nobody manages windows here
            shown.keys("ctrl+w")
            question = wait(lambda: panel(shown), "the question")
            assert isinstance(question, Window)
            assert program.process.poll() is None
            shown.do("windowfocus", question.id)
            shown.keys(*answer)
            wait(lambda: panel(shown) is None, "no question")
            if answer == ("Escape",):
                time.sleep(0.3)
                assert window(shown) is not None
        assert program.process.wait(20) == 0
