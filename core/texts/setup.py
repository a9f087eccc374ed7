"""What the set-up says, by the codes of `core.setup`."""

from __future__ import annotations

from core.texts.catalog import t

LACKS = {
    "no_folder": t("Noch ist kein Ordner gewählt."),
    "no_place": t("Noch ist kein Ziel gewählt."),
    "no_name": t("Zu der Mailadresse fehlt der Name."),
    "bad_address": t("Das ist keine Mailadresse."),
}

KINDS = {
    "orders": t("Bestellungen"),
    "customers": t("Kunden"),
    "invoices": t("Rechnungen und Belege"),
    "stock_movements": t("Lagerbewegungen"),
    "products": t("Artikel"),
    "mail": t("E-Mail"),
    "files": t("Dateien"),
}
"""What a system holds, by `core.plan.model.DataKind`."""

RPO = {
    4: t("höchstens die Arbeit von 4 Stunden"),
    24: t("höchstens die Arbeit von einem Tag"),
    48: t("höchstens die Arbeit von zwei Tagen"),
    168: t("höchstens die Arbeit von einer Woche"),
}
"""How much may be lost, by hours."""

RTO = {
    4: t("noch am selben Vormittag, nach 4 Stunden"),
    8: t("nach einem Arbeitstag, 8 Stunden"),
    24: t("am nächsten Tag, nach 24 Stunden"),
    72: t("nach drei Tagen"),
}
"""How soon the shop must work again, by hours."""

CONCERNS = {
    "no_delete": t("Hier lässt sich nichts löschen: Aufräumen geht nicht."),
    "clock": t("Die Uhr dort geht falsch. Anmeldungen und Sperrfristen richten sich nach ihr."),
    "full": t("Hier ist weniger als 1 GB frei."),
    "names": t("Hier bleiben nicht alle Namen, wie sie sind."),
    "left": t("Nicht alles ließ sich wieder entfernen."),
}
"""What a person should know of a place that passed its probe."""

FINDINGS = {
    "passed": t("Probe bestanden: geschrieben und zurückgelesen"),
    "missing": t("gerade nicht da"),
    "inside_source": t("zählt nicht: liegt in Ihren eigenen Daten"),
    "holds_source": t("zählt nicht: darin liegen Ihre eigenen Daten"),
    "synced": t("zählt nicht: Was Sie am PC löschen, ist dort auch gelöscht"),
    "read_only": t("Probe nicht bestanden: dort lässt sich nichts schreiben"),
    "differs": t("Probe nicht bestanden: zurückgelesen wird anderes als geschrieben"),
    "failed": t("Probe nicht bestanden"),
}
"""What a look at a place found."""

COUNTS_NOT = {
    "device_of_source": t("zählt nicht: liegt auf derselben Platte wie Ihre Daten"),
    "device_of_copy": t("zählt nicht: liegt auf demselben Gerät wie ein anderes Ziel"),
    "operator_of_copy": t("zählt nicht: liegt beim selben Betreiber wie ein anderes Ziel"),
}
"""Why a place that passed its probe does not count for 3-2-1."""

FAR_KINDS = {
    "smb": t("NAS oder Windows-Freigabe"),
    "webdav": t("Nextcloud oder WebDAV"),
    "sftp": t("Server mit SFTP"),
    "s3": t("S3-Speicher"),
}
"""Kinds of place in the network, by `core.setup.far.FarKind`."""

FAR_LACKS = {
    "host": t("Es fehlt der Name oder die Adresse des Geräts."),
    "share": t("Es fehlt der Name der Freigabe."),
    "user": t("Es fehlt der Benutzername."),
    "url": t("Es fehlt die Adresse."),
    "bucket": t("Es fehlt der Name des Buckets."),
    "access_key": t("Es fehlt die Kennung des Zugangs."),
    "region": t("Es fehlt die Region."),
    "endpoint": t("Es fehlt die Adresse des Dienstes."),
    "password": t("Es fehlt das Kennwort."),
}
"""What is missing in a form, by `core.setup.far.FarLack`."""
