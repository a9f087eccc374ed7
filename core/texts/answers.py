"""The answer for the whole shop, and its tasks, in words; by the codes of `core.health.answer`."""

from __future__ import annotations

from core.texts.catalog import t

QUESTION = t("Kann ich meinen Laden heute aus meinen Kopien wieder aufmachen?")

HEADLINES = {
    "no_plan": t("Noch nicht. Es ist noch nichts eingerichtet."),
    "nothing_copied": t("Nein. Der Plan sichert noch nichts."),
    "not_yet": t("Noch nicht. Die erste Kopie fehlt."),
    "none_left": t("Nein. Keine Kopie ist frisch und heil."),
    "unproven": t("Noch nicht bewiesen. Keine Kopie ist zurückgelesen."),
    "one_left": t("Nicht sicher. Es zählt nur noch eine Kopie."),
    "held": t("Ja, aber es hat sich ungewöhnlich viel verändert."),
    "damaged": t("Ja, aber eine Kopie ist beschädigt."),
    "overdue": t("Ja, aber eine Kopie ist überfällig."),
    "one_copy": t("Ja, aber nur aus einer einzigen Kopie."),
    "gaps": t("Ja, aber die 3-2-1-Regel hat eine Lücke."),
    "uncovered": t("Ja, aber nicht alles, wovon Ihr Laden lebt, ist gesichert."),
    "yes": t("Ja, aus {copies} geprüften Kopien."),
}

STATES = {
    "empty": t("noch nicht eingerichtet"),
    "protected": t("geschützt"),
    "running": t("läuft"),
    "act": t("handeln"),
    "danger": t("in Gefahr"),
}
"""One word for tray, tooltip and e-mail subject."""

TITLES = {
    "answer_gate": t("„{system}“: Sind die vielen Änderungen gewollt?"),
    "prove_sheet": t("Wiederherstellungsblatt drucken und prüfen"),
    "first_run": t("Die ersten Kopien anlegen"),
    "cover": t("Noch nicht gesichert: {systems}"),
    "mend": t("{destination}: Schaden beheben"),
    "back_up": t("Auf {destination} sichern"),
    "attach": t("{destination} anschließen"),
    "read_back_due": t("{destination} nachlesen lassen"),
    "read_back": t("{destination} einmal ganz zurücklesen"),
    "other_device": t("{destination} auf ein anderes Gerät legen"),
    "name_operator": t("Eintragen, wer {destination} betreibt"),
    "other_operator": t("Eine Kopie bei einem anderen Betreiber dazunehmen"),
    "add_copy": t("Eine weitere Kopie auf einem anderen Gerät dazunehmen"),
    "add_kind": t("Eine Kopie auf einer anderen Art von Gerät dazunehmen"),
    "add_away": t("Eine Kopie außer Haus bringen"),
    "add_local": t("Eine Kopie auf einer eigenen Platte oder einem NAS dazunehmen"),
}
"""What to do, as the title of a step."""

HOW = {
    "answer_gate": t(
        "Bis Sie antworten, bleiben Platten unberührt, die nur zum Sichern angeschlossen werden."
        " Gelöscht wird nichts."
    ),
    "prove_sheet": t(
        "Ohne geprüftes Blatt auf Papier ist der Weg zurück aus verschlüsselten Kopien nicht"
        " bewiesen."
    ),
    "first_run": t("Sie können dabei weiterarbeiten. Abbrechen schadet nichts."),
    "cover": t(
        "Was dort liegt, gibt es nur beim Anbieter. Diese Fassung kann es noch nicht holen: Geben"
        " Sie es dort aus, und legen Sie es in einen Ordner, der gesichert wird."
    ),
    "attach": t("Stecken Sie das Gerät an, und beginnen Sie dann die Sicherung."),
    "read_back": t("Erst wenn Daten zurückgelesen sind, zählt die Kopie."),
    "other_device": t("Geht das Gerät kaputt, ist beides weg."),
    "add_copy": t("Fällt die eine Kopie aus, gibt es keine mehr."),
    "add_kind": t("Ein und dieselbe Art von Gerät fällt oft aus demselben Grund aus."),
    "add_away": t("Brand oder Diebstahl träfe sonst das Original und alle Kopien zugleich."),
    "add_local": t("Sperrt ein Anbieter das Konto, ist sonst alles auf einmal fort."),
    "name_operator": t("Ob sie bei jemand anderem liegt als das System, ist nicht bekannt."),
    "other_operator": t("Fällt der Betreiber aus, fehlen sonst System und Kopie zugleich."),
}
"""Why, in one sentence; where a reason of the copy is known, that is said instead or before."""

BUTTONS = {
    "back_up": t("Jetzt sichern"),
    "read_all": t("Ganz zurücklesen"),
    "read_due": t("Jetzt nachlesen"),
    "answer": t("Ansehen und antworten"),
    "prove_sheet": t("Blatt drucken und prüfen"),
    "add_place": t("Ziel hinzufügen"),
}

BY_HAND = {
    "name_operator": t("im Plan eintragen"),
}
"""Beside a step the window cannot do yet: where it is done."""

MEDIA = {"disk": t("Platte"), "nas": t("NAS"), "cloud": t("Cloud")}

DAY_RESULTS = {
    "none": t("kein Lauf"),
    "good": t("gut"),
    "skipped": t("mit Auslassung"),
    "failed": t("fehlgeschlagen"),
}

RUN_RESULTS = {
    "RUNNING": t("läuft"),
    "COMMITTED": t("gesichert"),
    "UNCHANGED": t("nichts Neues, alles gesichert"),
    "PARTIAL": t("ein Teil ist gesichert"),
    "FAILED": t("nicht gesichert"),
    "CANCELLED": t("von Hand abgebrochen"),
    "INTERRUPTED": t("unterbrochen; der nächste Lauf macht weiter"),
    "HELD": t("angehalten, bis Sie antworten"),
}
"""By the status of a run in the home's database."""
