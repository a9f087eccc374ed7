"""A merchant at the window: real files, real runs, the real command line behind it.

Offscreen: a real screen and a tray host were never tried here (docs/verified.md).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core.paths import find_home
from core.plan.read import load_plan
from core.plan.write import Starter, example_plan
from core.setup.flow import Step
from gui.pages.destination_editor import DestinationEditor
from gui.pages.system_editor import SystemEditor
from gui.wizards.restore import RestoreWizard
from tests.journeys.desk import Desk, begin_set_up, contents, sample_shop


def _ages(desk: Desk) -> list[str]:
    """How long ago each copy was made, as the ledger says it."""
    return [line.cells[0].text for line in desk.shop.said.lines] if desk.shop.said else []


def test_from_nothing_to_a_restored_file(desks: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desks("home")
    source = sample_shop(tmp_path / "laden-pc")
    a, b = tmp_path / "platte-a", tmp_path / "platte-b"
    setup = begin_set_up(desk, source, [a, b])
    desk.wait(lambda: "zählt nicht: liegt auf derselben Platte wie Ihre Daten" in desk.words())
    assert not setup.wizard.draft.needs_sheet
    setup.through_goals_and_people()
    setup.run_and_leave()
    assert setup.decisions <= 5
    assert desk.shop.run is not None
    assert desk.shop.run.ended is not None
    assert desk.shop.run.ended.exit == 0, desk.shop.run
    desk.wait(lambda: _ages(desk) == ["gerade eben", "gerade eben"])
    assert "Feinkost Maier" in desk.words()
    # one device: nothing counts, and the window says so instead of turning green
    desk.wait(lambda: "Nein. Keine Kopie ist frisch und heil." in desk.words())

    price = source / "Büro" / "Preisliste 2026.csv"
    old = price.read_bytes()
    price.write_text("10021;Olivenöl;12,90\n10022;Pecorino;18,20\n", "utf-8")
    desk.press("Ausblenden")
    desk.shop.back_up()
    desk.wait(desk.run_is_over)
    price.unlink()

    desk.press("Daten zurückholen")
    restore = desk.window.page
    assert isinstance(restore, RestoreWizard)
    restore.choice.into = str(tmp_path / "zurueck")
    QTest.keyClicks(restore.what.field, "preisliste")
    desk.wait(lambda: restore.what.list.count() == 1)
    assert "2 Fassungen" in desk.words()
    QTest.keyClick(restore.what.card.line, Qt.Key.Key_Left)
    desk.press("Diese Fassung holen")
    desk.wait(lambda: restore.result.has_files)
    assert "Zurückgeholt und geprüft." in desk.words()
    assert [p.read_bytes() for p in (tmp_path / "zurueck").rglob("*.csv")] == [old]

    desk.press("Noch etwas zurückholen")
    restore.choice.into = str(tmp_path / "alles")
    desk.press("Ganzes System")
    desk.wait(lambda: restore.what.list.count() == 2)
    desk.press("Diesen Stand holen")
    desk.wait(lambda: (tmp_path / "alles").exists() and restore.frame.next.isVisible())
    price.write_text("10021;Olivenöl;12,90\n10022;Pecorino;18,20\n", "utf-8")
    assert contents(tmp_path / "alles" / "laden-pc") == contents(source)


def test_a_lost_pc_with_an_encrypted_copy_and_the_sheet(
    desks: Callable[..., Desk], tmp_path: Path
) -> None:
    """Encrypted disk, recovery sheet typed off, then another PC with nothing but both."""
    desk = desks("home", passphrase="nur hier im Test")
    source = sample_shop(tmp_path / "laden-pc")
    stick = tmp_path / "stick"
    setup = begin_set_up(desk, source, [stick])
    wizard = setup.wizard
    wizard.places._carried(wizard.draft.places[0], away=True)
    assert wizard.draft.needs_sheet
    setup.through_goals_and_people()
    setup.forward(Step.SHEET)

    from core.secrets.pairs import SHOP_KEY, read_pair
    from core.secrets.recovery import checksum_line
    from core.secrets.sealed_file import SealedFileStore

    pair = read_pair(SealedFileStore(desk.shop.home, "nur hier im Test"), SHOP_KEY)
    assert pair is not None
    lines = [pair.password, pair.salt]
    other = "2" if lines[0][-1] != "2" else "3"
    for field, line in zip(wizard.sheet.lines, [*lines, checksum_line(pair)], strict=True):
        field.setText(line)
    wizard.sheet.lines[0].setText(lines[0][:-1] + other)
    desk.press("Probedatei öffnen")
    desk.wait(lambda: "Zeile 1, Gruppe 6" in desk.words())
    wizard.sheet.lines[0].setText(lines[0])
    desk.press("Probedatei öffnen")
    desk.wait(lambda: "Das Blatt stimmt" in desk.words())
    setup.run_and_leave()
    assert setup.decisions <= 5

    bare = desks("anderer-pc")
    bare.press("Ich brauche Daten zurück")
    restore = bare.window.page
    assert isinstance(restore, RestoreWizard)
    restore.place.field.setText(str(stick))
    bare.press("Kopie öffnen")
    bare.wait(lambda: "Diese Kopie ist verschlüsselt" in bare.words())
    for field, line in zip(restore.place.lines, lines, strict=False):
        field.setText(line.upper().replace("-", " "))
    bare.press("Kopie öffnen")
    bare.wait(lambda: restore.frame.stack.currentWidget() is restore.what)
    restore.choice.into = str(tmp_path / "zurueck")
    bare.press("Ganzes System")
    bare.wait(lambda: restore.what.list.count() == 1)
    bare.press("Diesen Stand holen")
    bare.wait(lambda: restore.result.has_files)
    assert contents(tmp_path / "zurueck" / "laden-pc") == contents(source)
    home = restore._home
    assert home is not None
    assert home.exists()
    bare.press("Schließen")
    bare.wait(lambda: not home.exists())  # nothing stays on a stranger's PC
    assert not (tmp_path / "anderer-pc" / "config" / "plan.toml").exists()


def test_a_missing_disk_is_named_in_english(desks: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desks("home", "en")
    source, disk = sample_shop(tmp_path / "laden-pc"), tmp_path / "disk"
    home = find_home(str(tmp_path / "home"))
    home.make()
    home.plan.write_text(example_plan([source], [Starter(path=disk, name="Disk A")]), "utf-8")
    desk.shop.refresh()
    desk.wait(lambda: "Not yet. The first copy is missing." in desk.words())
    desk.press("Back up now")
    desk.wait(desk.run_is_over)
    desk.wait(lambda: "“Disk A”" in desk.words() and "cannot be reached" in desk.words())


def test_the_plan_is_changed_without_seeing_it(desks: Callable[..., Desk], tmp_path: Path) -> None:
    """Name, pattern, rhythm and a second disk, through forms; the file keeps its comments."""
    desk = desks("home")
    source, disk = sample_shop(tmp_path / "laden-pc"), tmp_path / "platte"
    (source / "alt.bak").write_bytes(b"x" * 2_000)
    disk.mkdir()
    home = find_home(str(tmp_path / "home"))
    home.make()
    text = example_plan([source], [Starter(path=disk, name="Platte A")])
    home.plan.write_text(f"# gehört Anna\n{text}", "utf-8")
    desk.shop.refresh()
    desk.press("Jetzt sichern: Die ersten Kopien anlegen")
    desk.wait(desk.run_is_over)
    desk.press("Systeme")
    desk.wait(lambda: "2,0 kB" in desk.words() or "2 kB" in desk.words())  # as of the new state
    desk.press("Laden-PC ändern")
    form = desk.window.page.form  # type: ignore[union-attr]  # the page of systems
    assert isinstance(form, SystemEditor)
    form.name.setText("Kasse")
    form.sources[0].pattern.setText("*.bak")
    desk.press("Auslassen")
    desk.press("Zeigen, was die Muster gerade auslassen")
    desk.wait(lambda: "eine Datei, 2 kB" in desk.words())
    desk.press("Speichern")
    desk.wait(lambda: "\nKasse\n" in desk.words())
    desk.press("Kopien")
    desk.press("Platte A: Ändern …")
    other = desk.window.page.form  # type: ignore[union-attr]  # the page of copies
    assert isinstance(other, DestinationEditor)
    other.name.clear()
    desk.press("Speichern")
    desk.wait(lambda: "Geben Sie dem Ziel einen Namen." in desk.words())
    other.name.setText("Platte B")
    other.copies[0].keep[0].setText("30")
    desk.press("Speichern")
    desk.wait(lambda: "\nPlatte B\n" in desk.words() and "für 30 Tage" in desk.words())
    changed = home.plan.read_text("utf-8")
    assert changed.startswith("# gehört Anna\n# Sicherungsplan von Ladentresor")
    assert [line for line in changed.splitlines() if line.startswith("#")] == [
        "# gehört Anna",
        *(line for line in text.splitlines() if line.startswith("#")),
    ]
    plan = load_plan(home.plan)
    assert plan.systems[0].name == "Kasse"
    assert "*.bak" in plan.systems[0].sources[0].exclude
    assert (plan.destinations[0].name, plan.copies[0].keep.daily) == ("Platte B", 30)
    desk.press("Platte B: Aufräumen …")
    desk.wait(lambda: "Kasse: Es ist nichts aufzuräumen; ein Stand bleibt." in desk.words())
    desk.press("Zurück")
    desk.press("Platte B: Ganz zurücklesen")
    desk.wait(desk.run_is_over)
    desk.wait(lambda: "zurückgelesen gerade eben" in desk.words())
