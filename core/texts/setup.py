"""What the set-up says, by the codes of `core.setup`."""

from __future__ import annotations

from core.texts.catalog import t

LACKS = {
    "no_folder": t("Noch ist kein Ordner gewählt."),
    "no_place": t("Noch ist kein Ziel gewählt."),
}

FINDINGS = {
    "passed": t("Probe bestanden: geschrieben und zurückgelesen"),
    "missing": t("gerade nicht da"),
    "inside_source": t("zählt nicht: liegt in Ihren eigenen Daten"),
    "holds_source": t("zählt nicht: darin liegen Ihre eigenen Daten"),
    "synced": t("zählt nicht: Was Sie am PC löschen, ist dort auch gelöscht"),
    "read_only": t("Probe nicht bestanden: dort lässt sich nichts schreiben"),
    "differs": t("Probe nicht bestanden: zurückgelesen wird anderes als geschrieben"),
}
"""What a look at a place found."""

COUNTS_NOT = {
    "device_of_source": t("zählt nicht: liegt auf derselben Platte wie Ihre Daten"),
    "device_of_copy": t("zählt nicht: liegt auf derselben Platte wie ein anderes Ziel"),
}
"""Why a place that passed its probe does not count for 3-2-1."""
