"""The words of the pages of systems and copies, of the gate's question and of a clean-up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from core.copies.letting_go.forecast import Forecast
from core.copies.letting_go.retention import Why
from core.health.answer import Ask, Do, tasks
from core.health.clean_up_said import Letting, say_clean_up
from core.health.copies_said import say_copies
from core.health.folders import FolderFacts
from core.health.look import Picture
from core.health.model import Step
from core.health.said import Mark, say_picture
from core.health.systems_said import say_systems
from core.plan.read import read_plan
from core.texts import Texts
from core.texts.answers import BUTTONS, BY_HAND
from core.texts.plans import kept, loss, outage, rhythm
from tests.gui import scenes

DE, EN = Texts("de"), Texts("en")
BOTH = pytest.mark.parametrize("texts", [DE, EN], ids=["de", "en"])


def test_systems_say_what_is_covered_and_what_is_not() -> None:
    said = say_systems(scenes.protected(), DE)
    assert said is not None
    assert (said.headline, said.lead) == (
        "Ihr Laden lebt von 3 Systemen.",
        "Eines davon ist noch nicht gesichert.",
    )
    wawi, _, shop = said.systems
    assert (wawi.chip, wawi.mark, wawi.uncovered) == ("3-2-1 erfüllt", Mark.TICK, "")
    assert [(one.path, one.note) for one in wawi.folders] == [("/daten/wawi", "18,4 GB")]
    assert (wawi.may_lose, wawi.back_after) == (
        "die Arbeit eines Tages",
        "nach einem Arbeitstag (8 Stunden)",
    )
    assert [one.mark for one in wawi.copies] == [Mark.TICK] * 3
    assert (shop.chip, shop.mark, shop.folders, shop.copies) == (
        "nicht gesichert",
        Mark.WARN,
        (),
        (),
    )
    assert "sichert Dienste im Netz noch nicht" in shop.uncovered
    assert "Gelöscht wird nichts" in wawi.goes
    assert "„wawi“" in wawi.goes


def test_a_copy_that_does_not_count_has_no_tick() -> None:
    said = say_systems(scenes.in_danger(), DE)
    assert said is not None
    nas, usb, vault = said.systems[0].copies
    assert (nas.mark, usb.mark, vault.mark) == (Mark.BAD, Mark.WARN, Mark.TICK)
    assert "zählt nicht: der neueste Stand entstand vor 3 Tagen" in nas.text
    said = say_systems(scenes.to_act(), DE)  # copied, but never read back
    assert said is not None
    assert said.systems[1].copies[2].mark is Mark.WARN


def test_a_folder_that_is_gone_says_when_it_was_last_copied() -> None:
    gone = (
        FolderFacts(Path("/daten/wawi"), is_there=False, bytes=5_000_000),
        FolderFacts(Path("/daten/neu"), is_there=True, bytes=None),
        FolderFacts(Path("/daten/nie"), is_there=False, bytes=None),
    )
    picture = replace(scenes.protected(), folders={"wawi": gone})
    said = say_systems(picture, DE)
    assert said is not None
    assert [(one.note, one.mark) for one in said.systems[0].folders] == [
        ("gibt es gerade nicht; zuletzt gesichert vor 5 Stunden", Mark.WARN),
        ("noch in keiner Kopie", Mark.NONE),
        ("gibt es gerade nicht", Mark.WARN),
    ]


def test_copies_say_whether_they_count_and_what_stays() -> None:
    said = say_copies(scenes.protected(), DE)
    assert said is not None
    assert said.headline == "Alle 6 Kopien zählen."
    nas, usb, _ = said.destinations
    assert nas.facts == "NAS · im Laden · offen lesbar"
    assert nas.coming == "in etwa 20 Monaten voll"
    assert nas.room is not None
    assert nas.room.text == "1,6 von 4 TB"
    assert (usb.is_encrypted, usb.room) == (True, None)
    assert usb.sheet == "Lesbar nur mit dem Wiederherstellungsblatt. Es ist noch nicht geprüft."
    copy = usb.copies[0]
    assert (copy.rhythm, copy.mark) == ("jede Woche", Mark.TICK)
    assert copy.kept == "je ein Stand für 14 Tage, 8 Wochen, 24 Monate und 10 Jahre"
    proven = say_copies(replace(scenes.protected(), is_sheet_proven=True), DE)
    assert proven is not None
    assert proven.destinations[1].sheet.endswith("Es ist geprüft.")


def test_copies_in_danger() -> None:
    said = say_copies(scenes.in_danger(), DE)
    assert said is not None
    assert said.headline == "2 von 6 Kopien zählen."
    nas = said.destinations[0]
    assert (nas.state, nas.is_here) == ("Gerade nicht angeschlossen.", False)
    assert {copy.mark for copy in nas.copies} == {Mark.WARN}


def test_the_question_comes_first() -> None:
    picture = scenes.asked_about_changes()
    said = say_copies(picture, DE)
    assert said is not None
    assert said.headline == "Eine Frage wartet auf Ihre Antwort."
    [asked] = said.questions
    assert asked.title == "„Büro und DATEV“: Sind die vielen Änderungen gewollt?"
    assert asked.reason == "Von 12.840 Dateien sind 3.112 verändert und 240 verschwunden."
    assert [one.path for one in asked.examples][2] == "buero/Personal/Verträge/Meier.docx"
    assert asked.mark == picture.questions[0].mark
    more = replace(picture, questions=(scenes.asked_again(),))
    again = say_copies(more, DE)
    assert again is not None
    assert again.questions[0].mark != asked.mark  # more changed since: another question
    step = say_picture(picture, DE).steps[0]
    assert (step.button, step.task.do) == ("Ansehen und antworten", Do.ANSWER)


def test_every_step_has_a_button_or_says_where_it_is_done() -> None:
    for step in Step:
        found = [one for one in tasks((), ()) if one.code is step]
        assert not found
    for picture in (scenes.protected(), scenes.to_act(), scenes.in_danger(), scenes.not_yet()):
        for one in say_picture(picture, DE).steps:
            assert one.button or one.elsewhere, one.task.code
    assert set(BY_HAND) == {"name_operator"}
    assert set(BUTTONS) == {str(one) for one in Do if one is not Do.NOTHING}
    assert tasks((), ("laden",))[0].do is Do.ANSWER
    assert tasks((), (), unproven_sheet=True)[0] == replace(
        tasks((), (), unproven_sheet=True)[0], code=Ask.PROVE_SHEET, do=Do.PROVE_SHEET
    )


def test_limits_of_the_line_stand_at_places_in_the_network() -> None:
    text = scenes.PLAN.replace(
        'medium = "nas"\n[destinations.location]\npath = "/ziele/nas"',
        '[destinations.location]\nkind = "smb"\nhost = "nas"\nshare = "s"\nuser = "u"',
    ) + scenes._COPY.format("wawi", "nas")
    limits = '[limits]\nupload = "8 Mbit/s"\nworking_hours = ["mo-fr 08:00-18:30"]\n'
    for more, words in (
        ("", "Senden: unbegrenzt"),
        (limits, "Senden: 1 MB/s"),
        (
            limits + 'upload_working_hours = "500 kB/s"\n',
            "Senden: 1 MB/s; mo-fr 08:00-18:30: 500 kB/s",
        ),
    ):
        plan = read_plan(text + more, source="x")
        said = say_copies(replace(scenes.protected(), plan=plan), DE)
        assert said is not None
        assert said.destinations[0].line == words
        assert said.destinations[2].line == ""


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, "reicht noch für Jahre, wenn es so weitergeht"),
        (5000, "reicht noch für Jahre, wenn es so weitergeht"),
        (190, "in etwa 6 Monaten voll"),
        (40, "in etwa 40 Tagen voll"),
        (0, "in etwa einem Tag voll"),
    ],
)
def test_how_long_the_room_will_do(days: int | None, words: str) -> None:
    full = None if days is None else timedelta(days=days)
    picture = replace(scenes.protected(), coming={"nas": Forecast(1e9, 10**12, full)})
    said = say_copies(picture, DE)
    assert said is not None
    assert said.destinations[0].coming == words


@BOTH
def test_no_half_sentence_on_any_page(texts: Texts) -> None:
    for picture in _all_pictures():
        systems, copies = say_systems(picture, texts), say_copies(picture, texts)
        for words in _words((systems, copies)):
            assert "…" not in words
            assert "{" not in words


def test_without_a_plan_there_is_nothing_to_say() -> None:
    picture = replace(scenes.protected(), plan=None)
    assert say_systems(picture, DE) is None
    assert say_copies(picture, DE) is None


def _all_pictures() -> tuple[Picture, ...]:
    return (
        scenes.protected(), scenes.in_danger(), scenes.to_act(), scenes.not_yet(),
        scenes.asked_about_changes(),
    )  # fmt: skip


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [words for one in value for words in _words(one)]
    names = getattr(type(value), "__dataclass_fields__", {})
    return [words for name in names for words in _words(getattr(value, name))]


# -- clean-ups ------------------------------------------------------------------------------------


def letting(day: int, *, stays: bool = True) -> Letting:
    why = Why.DAY if stays else Why.NO_PERIOD
    return Letting(f"{day}", date(2026, 11, day), stays, (why,))


def test_a_clean_up_in_words() -> None:
    states = [letting(3, stays=False), letting(4), letting(5), letting(6)]
    said = say_clean_up(states, 31_000_000, 2, "Laden-PC", DE)
    assert said.is_needed
    assert said.headline == "Laden-PC: 3 Stände bleiben, einer würde gehen."
    assert said.goes == (
        "Di., 3. Nov. 2026: für seinen Zeitraum bleibt ein neuerer",
        "dazu die Reste von 2 abgebrochenen Läufen",
    )
    assert said.note == "Frei würden etwa 31 MB. Gelöscht ist noch nichts."
    nothing = say_clean_up([letting(4)], 0, 0, "Laden-PC", DE)
    assert (nothing.is_needed, nothing.goes) == (False, ())
    assert nothing.headline == "Laden-PC: Es ist nichts aufzuräumen; ein Stand bleibt."
    assert "one would go" in say_clean_up(states, 1, 0, "PC", EN).headline


# -- everyday words -------------------------------------------------------------------------------


def test_everyday_words() -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert rhythm(day, time(19, 30), DE) == "jeden Tag um 19:30 Uhr"
    assert rhythm(3 * day, None, DE) == "alle 3 Tage"
    assert rhythm(3 * day, time(7), EN) == "every 3 days at 7:00"
    assert loss(36 * hour, DE) == "die Arbeit von 36 Stunden"
    assert loss(10 * day, DE) == "die Arbeit von 10 Tagen"
    assert outage(12 * hour, DE) == "nach 12 Stunden"
    assert outage(5 * day, EN) == "after 5 days"
    assert kept(0, 0, 0, 0, DE) == "nur die drei neuesten Stände"
    assert kept(1, 0, 0, 0, DE) == "je ein Stand für einen Tag"
    assert kept(7, 0, 1, 0, EN) == "one state for each of 7 days and a month"
