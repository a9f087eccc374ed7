"""Words for what the plan says of people, mails and mail servers; by the values of the plan."""

from __future__ import annotations

from core.texts.catalog import t

ROLES: dict[str, str] = {"owner": t("verantwortlich"), "deputy": t("Vertretung")}
LANGUAGES: dict[str, str] = {"de": "Deutsch", "en": "English"}
SECURITIES: dict[str, str] = {
    "starttls": t("STARTTLS (meist Anschluss 587)"),
    "tls": t("TLS (meist Anschluss 465)"),
}
LOGINS: dict[str, str] = {
    "password": t("mit Kennwort"),
    "oauth": t("mit Zugriffstoken (OAuth)"),
    "none": t("ohne Anmeldung"),
}
DAYS: dict[str, str] = {
    "mon": t("montags"),
    "tue": t("dienstags"),
    "wed": t("mittwochs"),
    "thu": t("donnerstags"),
    "fri": t("freitags"),
    "sat": t("samstags"),
    "sun": t("sonntags"),
    "never": t("nie"),
}
"""When the weekly summary comes."""
