"""The background process and its pause, in words for window and tray."""

from __future__ import annotations

from datetime import datetime

from core.texts.catalog import Texts, t
from core.texts.formats import clock, date, until

AFTER = {
    "goes_on": t("Kopien entstehen von selbst, auch wenn Ladentresor zu ist."),
    "until_logoff": t("Kopien entstehen von selbst, aber nur bis zur nächsten Abmeldung."),
    "from_logon": t("Der Hintergrunddienst läuft gerade nicht. Kopien entstehen nur von Hand."),
    "by_hand": t("Kopien entstehen nur, wenn Sie selbst sichern."),
}
"""How copies come about now; by `core.agent.service.After`."""

HERE = {
    "goes_on": t("Er läuft, und startet bei jeder Anmeldung an diesem PC."),
    "until_logoff": t("Er läuft, startet aber nicht bei der Anmeldung."),
    "from_logon": t("Er läuft gerade nicht, startet aber bei der nächsten Anmeldung."),
    "by_hand": t("Er läuft nicht und startet nicht bei der Anmeldung."),
}
"""How the background process stands on this PC."""

TITLES = {
    "until_logoff": t("Nach der nächsten Anmeldung entstehen keine Kopien mehr von selbst"),
    "from_logon": t("Der Hintergrunddienst läuft gerade nicht"),
    "by_hand": t("Kopien entstehen noch nicht von selbst"),
}
"""What is amiss, as the title of a card."""

CAUSES = {
    "until_logoff": t("Der Hintergrunddienst läuft, startet aber nicht bei der Anmeldung."),
    "from_logon": t(
        "Was fällig ist, wartet, bis er wieder läuft. Von Hand sichern geht weiterhin."
    ),
    "by_hand": t("Ladentresor sichert erst dann pünktlich, wenn sein Hintergrunddienst läuft."),
}

BUTTONS = {
    "until_logoff": t("Bei der Anmeldung starten"),
    "from_logon": t("Jetzt starten"),
    "by_hand": t("Von selbst sichern"),
}

LEAVING = {
    "goes_on": t("Kopien entstehen weiter von selbst."),
    "until_logoff": t("Kopien entstehen weiter von selbst, aber nur bis zur nächsten Abmeldung."),
    "from_logon": t(
        "Der Hintergrunddienst läuft gerade nicht. Bis zur nächsten Anmeldung entsteht keine Kopie."
    ),
    "by_hand": t(
        "Danach entsteht keine Kopie, bis Sie Ladentresor wieder öffnen und selbst sichern."
    ),
}
"""What follows from leaving the program."""

PAUSES = {
    "hour": t("eine Stunde"),
    "closing": t("bis Ladenschluss ({until})"),
    "tomorrow": t("bis morgen früh ({until})"),
}
"""The moments to choose from; by `core.agent.pausing.Choice`."""


def pause_choice(texts: Texts, choice: str, end: datetime) -> str:
    """One of the moments that are offered, with its time of day."""
    return texts.t(PAUSES[choice], until=clock(end, texts.lang))


def next_copy(texts: Texts, moment: datetime | None, now: datetime) -> str:
    """`Nächste Sicherung heute um 18:30 Uhr`, '' where nobody knows."""
    if moment is None:
        return ""
    days = (moment.astimezone().date() - now.astimezone().date()).days
    shown = clock(moment, texts.lang)
    if moment <= now:
        return texts.t("Nächste Sicherung in Kürze")
    if days == 0:
        return texts.t("Nächste Sicherung heute um {clock}", clock=shown)
    if days == 1:
        return texts.t("Nächste Sicherung morgen um {clock}", clock=shown)
    day = date(moment, texts.lang, now=now)
    return texts.t("Nächste Sicherung {date}, {clock}", date=day, clock=shown)


def paused(texts: Texts, end: datetime, now: datetime) -> str:
    """`Pause bis 18:00 Uhr`."""
    return texts.t("Pause bis {until}", until=until(end, texts.lang, now=now))
