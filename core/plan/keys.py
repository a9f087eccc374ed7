"""The key table: every key of a plan, its kind, its default and what it means.

The one source of truth for the reader (`walk`, `read`) and the published schema (`schema`).
"""

from __future__ import annotations

from enum import StrEnum

from core.plan.kinds import (
    ACCOUNT,
    ADDRESS,
    BUCKET,
    ENDPOINT,
    HOST,
    REGION,
    REMOTE,
    SHARE,
    STORAGE_PATH,
    URL,
    WEB_ADDRESS,
    AbsolutePath,
    Choice,
    Duration,
    Flag,
    Id,
    Key,
    ListOf,
    Rate,
    Reference,
    Table,
    Text,
    TimeOfDay,
    Variants,
    WeekHours,
    Whole,
)
from core.plan.limits import WhenMetered
from core.plan.locations import SFTP_PORT, SMB_PORT
from core.plan.model import (
    VERSION,
    DataKind,
    DigestDay,
    Layout,
    Login,
    Medium,
    Mode,
    Role,
    Security,
    Site,
)
from core.plan.providers import providers


def _choice(enum: type[StrEnum]) -> Choice:
    return Choice(tuple(member.value for member in enum))


_PATTERNS = ListOf(Text(longest=1000, may_be_empty=False), may_be_empty=True)

_FOLDERS = Table(
    (
        Key(
            name="paths",
            kind=ListOf(AbsolutePath()),
            required=True,
            about="Die Ordner, mit vollem Pfad. Unter Windows am einfachsten in einfachen "
            "Anführungszeichen: 'D:\\Daten'.",
        ),
        Key(
            name="include",
            kind=_PATTERNS,
            default=(),
            about="Nur Dateien, auf die eines dieser Muster passt. Leer: alle.",
        ),
        Key(
            name="exclude",
            kind=_PATTERNS,
            default=(),
            about='Dateien und Ordner, die nicht gesichert werden, zum Beispiel "*.tmp".',
        ),
        Key(
            name="default_excludes",
            kind=Flag(),
            default=True,
            about="Auch das Übliche auslassen: Zwischenspeicher, Papierkörbe, Auslagerungsdateien.",
        ),
        Key(
            name="canaries",
            kind=Flag(),
            default=False,
            about="Hierher dürfen Köderdateien: „canary create“ legt sie an. Ändert sie jemand, "
            "hält die nächste Sicherung an und fragt.",
        ),
    )
)

_SYSTEM = Table(
    (
        Key(
            name="id",
            kind=Id(),
            required=True,
            about="Kurzname; so heißt auch der Ordner der Kopie. Danach nicht mehr ändern.",
        ),
        Key(name="name", kind=Text(), about="Name für Menschen. Ohne Angabe: die id."),
        Key(
            name="mode",
            kind=_choice(Mode),
            default="own",
            about="Betriebsart: own = eigener Rechner, saas = Dienst im Netz, "
            "hosted = beim Hoster.",
        ),
        Key(
            name="rpo",
            kind=Duration(),
            default="24h",
            about="Maximaler Datenverlust: So alt darf die neueste gute Kopie höchstens sein.",
        ),
        Key(
            name="rto",
            kind=Duration(),
            default="8h",
            about="Wiederanlaufzeit: Spätestens nach dieser Zeit soll das System wieder laufen.",
        ),
        Key(
            name="critical",
            kind=Flag(),
            default=False,
            about="Ohne dieses System steht der Laden.",
        ),
        Key(
            name="owner",
            kind=Text(),
            default="",
            about="Wer verantwortlich ist: die id einer Person unter people, oder ein Name.",
        ),
        Key(
            name="deputy",
            kind=Text(),
            default="",
            about="Wer vertritt: die id einer Person unter people, oder ein Name.",
        ),
        Key(
            name="operator",
            kind=Text(),
            default="",
            about="Betreibergruppe bei saas und hosted, zum Beispiel die Firma hinter dem Dienst.",
        ),
        Key(
            name="holds",
            kind=ListOf(_choice(DataKind), may_be_empty=True),
            default=(),
            about="Welche Daten darin liegen: orders = Bestellungen, customers = Kunden, "
            "invoices = Rechnungen und Belege, stock_movements = Lagerbewegungen, "
            "products = Artikel, mail = E-Mail, files = Dateien.",
        ),
        Key(
            name="sources",
            kind=ListOf(
                Variants(
                    default="folders",
                    tables={"folders": _FOLDERS},
                    later=("database", "hosted-shop", "mailbox"),
                )
            ),
            about="Woraus das System besteht. Fehlt nur bei Systemen, die nicht kopiert werden.",
        ),
    )
)

_PATH = Key(
    name="path",
    kind=STORAGE_PATH,
    default="",
    about="Ordner am Ziel. Jedes System bekommt darin einen eigenen.",
)
_FOLDER = Key(
    name="path",
    kind=AbsolutePath(),
    required=True,
    about="Ordner am Ziel, mit vollem Pfad. Jedes System bekommt darin einen eigenen.",
)
_WORD = Text(may_be_empty=False)


def _host(about: str) -> Key:
    return Key(name="host", kind=HOST, required=True, about=about)


def _user(*, required: bool = True) -> Key:
    return Key(
        name="user",
        kind=_WORD if required else Text(),
        required=required,
        default=None if required else "",
        about="Benutzername. Das Kennwort kommt nicht hierher, sondern zu den Geheimnissen: "
        "„secret set ZIEL.password“.",
    )


def _port(usual: int) -> Key:
    return Key(
        name="port", kind=Whole(1, 65535), default=usual, about="Port, wenn es ein anderer ist."
    )


ACCOUNT_KINDS = ("onedrive", "sharepoint", "drive")
"""Clouds one signs in to with a browser (`account add --kind`)."""

_ACCOUNT = Table(
    (
        Key(
            name="account",
            kind=ACCOUNT,
            required=True,
            about="Name des Kontos, wie bei „account add“.",
        ),
        _PATH,
    )
)

_LOCATION = Variants(
    default="local",
    tables={
        "local": Table((_FOLDER,)),
        "synced-folder": Table((_FOLDER,)),
        "sftp": Table(
            (
                _host("Name oder Adresse des Servers."),
                _port(SFTP_PORT),
                _user(),
                Key(
                    name="path",
                    kind=STORAGE_PATH,
                    default="",
                    about="Ordner am Ziel; ohne „/“ vorn beginnt er beim Ordner des Benutzers. "
                    "Jedes System bekommt darin einen eigenen.",
                ),
                Key(
                    name="key_file",
                    kind=AbsolutePath(),
                    about="Datei mit dem privaten SSH-Schlüssel, wenn damit angemeldet wird. "
                    "Ist er geschützt, gilt „ZIEL.password“ für ihn.",
                ),
            )
        ),
        "smb": Table(
            (
                _host("Name oder Adresse des NAS oder PCs."),
                _port(SMB_PORT),
                Key(name="share", kind=SHARE, required=True, about="Name der Freigabe."),
                _user(),
                Key(name="domain", kind=Text(), default="", about="Domäne, wenn es eine gibt."),
                _PATH,
            )
        ),
        "webdav": Table(
            (
                Key(
                    name="url",
                    kind=URL,
                    required=True,
                    about="Adresse des Ordners am Ziel, ohne Benutzernamen und Kennwort. Jedes "
                    "System bekommt darin einen eigenen.",
                ),
                Key(
                    name="vendor",
                    kind=Choice(("nextcloud", "owncloud", "other")),
                    about="Wessen Server das ist. Ohne Angabe: nextcloud, wenn /remote.php/dav/ in "
                    "der Adresse steht, sonst other.",
                ),
                _user(required=False),
            )
        ),
        "s3": Table(
            (
                Key(
                    name="provider",
                    kind=Choice(tuple(providers())),
                    default="other",
                    about="Anbieter; bringt Adresse und Betreibergruppe mit.",
                ),
                Key(
                    name="endpoint",
                    kind=ENDPOINT,
                    default="",
                    about="Adresse des Dienstes, wenn der Anbieter sie nicht mitbringt.",
                ),
                Key(
                    name="region",
                    kind=REGION,
                    default="",
                    about="Region, wie der Anbieter sie nennt.",
                ),
                Key(
                    name="bucket",
                    kind=BUCKET,
                    required=True,
                    about="Name des Buckets. Er muss schon da sein.",
                ),
                _PATH,
                Key(
                    name="access_key",
                    kind=_WORD,
                    required=True,
                    about="Kennung des Zugangs (Access Key ID). Der geheime Schlüssel kommt zu "
                    "den Geheimnissen: „secret set ZIEL.password“.",
                ),
                Key(
                    name="lock",
                    kind=Duration(),
                    about="Objektsperre: So lange ab dem neuesten Lauf kann niemand etwas von der "
                    "Kopie löschen, üblich sind 14d bis 30d. Der Bucket muss mit Objektsperre "
                    "angelegt sein. Ohne Angabe: keine.",
                ),
                Key(
                    name="lock_mode",
                    kind=Choice(("governance", "compliance")),
                    default="governance",
                    about="governance = wer beim Anbieter das Recht dazu hat, kann eine Sperre "
                    "aufheben; compliance = niemand, auch Sie nicht; bezahlt wird bis zum Ende.",
                ),
            )
        ),
        "rclone": Table(
            (
                Key(
                    name="remote",
                    kind=REMOTE,
                    required=True,
                    about="Name des Ziels, wie er in rclone eingerichtet ist, ohne Doppelpunkt.",
                ),
                _PATH,
                Key(
                    name="config",
                    kind=AbsolutePath(),
                    about="Die rclone.conf, in der es steht. Ohne Angabe: die übliche. Ist sie "
                    "verschlüsselt, gilt „ZIEL.password“ für sie.",
                ),
            )
        ),
        **dict.fromkeys(ACCOUNT_KINDS, _ACCOUNT),
    },
    later=(),
)

_DESTINATION = Table(
    (
        Key(
            name="id",
            kind=Id(),
            required=True,
            about="Kurzname des Ziels. Danach nicht mehr ändern.",
        ),
        Key(name="name", kind=Text(), about="Name für Menschen. Ohne Angabe: die id."),
        Key(
            name="medium",
            kind=_choice(Medium),
            about="Art des Geräts: disk = Platte, nas = NAS, cloud = Cloud. Ohne Angabe nach der "
            "Art des Ziels: local disk, sftp und smb nas, sonst cloud.",
        ),
        Key(
            name="site",
            kind=_choice(Site),
            default="here",
            about="Standort: here = im Laden, away = außer Haus.",
        ),
        Key(
            name="layout",
            kind=_choice(Layout),
            about="tree = Ordner, die man mit dem Explorer öffnen kann; bundled = ZIP-Dateien. "
            "Ohne Angabe: tree auf Platten und Freigaben, die unverschlüsselt sind; sonst "
            "bundled.",
        ),
        Key(
            name="encrypted",
            kind=Flag(),
            about="Verschlüsselt. Ohne Angabe: ja in der Cloud und bei allem, was den Laden "
            "verlässt (site = away, offline oder removable), sonst nein. Später nicht änderbar.",
        ),
        Key(
            name="offline",
            kind=Flag(),
            default=False,
            about="Wird nur für die Kopie angeschlossen.",
        ),
        Key(
            name="removable",
            kind=Flag(),
            default=False,
            about="Lässt sich abziehen und mitnehmen.",
        ),
        Key(
            name="operator",
            kind=Text(),
            about="Betreibergruppe, zum Beispiel die Firma hinter einem Cloud-Dienst. Ohne Angabe "
            "bei s3 die des Anbieters.",
        ),
        Key(
            name="jurisdiction",
            kind=Text(),
            about="Rechtsraum, in dem der Betreiber sitzt. Ohne Angabe bei s3 der des Anbieters, "
            "soweit er geprüft ist.",
        ),
        Key(name="location", kind=_LOCATION, required=True, about="Wo das Ziel liegt."),
    )
)

_STATES = Whole(0, 10_000)

_KEEP = Table(
    (
        Key(name="daily", kind=_STATES, default=0, about="So viele Tagesstände."),
        Key(name="weekly", kind=_STATES, default=0, about="So viele Wochenstände."),
        Key(name="monthly", kind=_STATES, default=0, about="So viele Monatsstände."),
        Key(name="yearly", kind=_STATES, default=0, about="So viele Jahresstände."),
    )
)

_COPY = Table(
    (
        Key(
            name="system",
            kind=Reference("systems"),
            required=True,
            about="Welches System: seine id.",
        ),
        Key(
            name="destination",
            kind=Reference("destinations"),
            required=True,
            about="Auf welches Ziel: seine id.",
        ),
        Key(
            name="every",
            kind=Duration(),
            about="Wie oft. Ohne Angabe: täglich, auf Ziele mit offline = true wöchentlich.",
        ),
        Key(
            name="at",
            kind=TimeOfDay(),
            about="Um welche Uhrzeit die Kopie fällig wird; zählt bei ganzen Tagen. Ohne Angabe: "
            "zum Ladenschluss, sonst um Mitternacht.",
        ),
        Key(
            name="keep",
            kind=_KEEP,
            about="Wie viele Stände bleiben. Ohne Angabe: 14 Tage, 8 Wochen, 24 Monate, 10 Jahre. "
            "Was in einer Angabe fehlt, zählt als 0.",
        ),
        Key(
            name="reread",
            kind=Duration(),
            about="In welcher Zeit die ganze Kopie einmal nachgelesen wird. "
            "Ohne Angabe: 365 Tage in der Cloud, sonst 90 Tage.",
        ),
    )
)

_LIMITS = Table(
    (
        Key(
            name="working_hours",
            kind=ListOf(WeekHours(), may_be_empty=True),
            default=(),
            about='Wann der Laden die Leitung braucht, zum Beispiel "mo-fr 08:00-18:30".',
        ),
        Key(
            name="upload",
            kind=Rate(),
            default="unlimited",
            about="Wie schnell Sicherungen ins Netz senden dürfen, zum Beispiel 8 Mbit/s oder "
            "500 kB/s. Platten und das Zurückholen bremst das nicht.",
        ),
        Key(
            name="upload_working_hours",
            kind=Rate(),
            about="Dasselbe während working_hours. Ohne Angabe: wie upload.",
        ),
        Key(
            name="metered",
            kind=_choice(WhenMetered),
            default="wait",
            about="Fällige Läufe ins Netz, solange die Leitung nach Verbrauch bezahlt wird "
            "(Handy, Roaming): wait = warten, go = trotzdem senden.",
        ),
        Key(
            name="battery_least",
            kind=Whole(0, 100),
            default=30,
            about="Unter so viel Prozent Akku warten fällige Läufe auf das Netzteil; 0: nie.",
        ),
    )
)

_SCHEDULE = Table(
    (
        Key(
            name="opens",
            kind=TimeOfDay(),
            default="06:00",
            about="Wann der Laden öffnet. Gilt nur zusammen mit closes.",
        ),
        Key(
            name="closes",
            kind=TimeOfDay(),
            about="Ladenschluss: Von opens bis dahin beginnt keine fällige Kopie von selbst, "
            "außer sie wartet schon länger als einen Tag oder ist öfter als täglich zu machen.",
        ),
    )
)

_PERSON = Table(
    (
        Key(name="id", kind=Id(), required=True, about="Kurzname der Person."),
        Key(name="name", kind=Text(), about="Name. Ohne Angabe: die id."),
        Key(
            name="email",
            kind=ADDRESS,
            about="Wohin Warnungen gehen. Ohne Angabe bekommt die Person keine.",
        ),
        Key(
            name="role",
            kind=_choice(Role),
            default="owner",
            about="owner = verantwortlich, erfährt alles zuerst; deputy = Vertretung, erfährt, "
            "was liegen bleibt.",
        ),
        Key(
            name="lang",
            kind=Choice(("de", "en")),
            default="de",
            about="Sprache der Mails an diese Person.",
        ),
    )
)

_SMTP = Table(
    (
        Key(name="host", kind=HOST, required=True, about="Mailserver für ausgehende Mails."),
        Key(
            name="port",
            kind=Whole(1, 65535),
            about="Seine Nummer. Ohne Angabe: 587, mit security = tls 465.",
        ),
        Key(
            name="security",
            kind=_choice(Security),
            default="starttls",
            about="Verschlüsselung: starttls oder tls. Unverschlüsselt geht nichts hinaus.",
        ),
        Key(name="sender", kind=ADDRESS, required=True, about="Absender der Mails."),
        Key(
            name="user",
            kind=Text(),
            about="Name des Kontos beim Mailserver. Ohne Angabe: der Absender.",
        ),
        Key(
            name="login",
            kind=_choice(Login),
            default="password",
            about="Anmeldung: password = mit dem Geheimnis smtp.password, oauth = mit dem "
            "Zugriffstoken smtp.token, none = ohne.",
        ),
    )
)

_ALERTS = Table(
    (
        Key(
            name="quiet_from",
            kind=TimeOfDay(),
            about="Beginn der Ruhezeit, zum Beispiel 20:00. Ohne Angabe: keine Ruhezeit.",
        ),
        Key(name="quiet_until", kind=TimeOfDay(), about="Ende der Ruhezeit, zum Beispiel 07:00."),
        Key(
            name="escalate_after",
            kind=Duration(),
            default="3d",
            about="So lange hat die verantwortliche Person Zeit; danach erfährt es die Vertretung.",
        ),
        Key(
            name="digest",
            kind=_choice(DigestDay),
            default="mon",
            about="Wochentag der Wochenübersicht, never = keine.",
        ),
        Key(
            name="desktop",
            kind=Flag(),
            default=True,
            about="Auch auf dem Bildschirm melden, was jemand tun muss.",
        ),
        Key(
            name="heartbeat",
            kind=WEB_ADDRESS,
            about="Adresse eines Dienstes, der Alarm schlägt, wenn dieser PC sich nicht mehr "
            "meldet. Wer sie kennt, kann das Lebenszeichen fälschen.",
        ),
        Key(name="smtp", kind=_SMTP, about="Der Mailserver. Ohne Angabe gehen keine Mails hinaus."),
    )
)

PLAN = Table(
    (
        Key(
            name="version",
            kind=Whole(1, VERSION),
            default=VERSION,
            about="Fassung dieses Aufbaus.",
        ),
        Key(name="shop", kind=Text(), default="", about="Name des Ladens."),
        Key(
            name="systems",
            kind=ListOf(_SYSTEM),
            required=True,
            about="Wovon der Laden lebt.",
        ),
        Key(
            name="destinations",
            kind=ListOf(_DESTINATION),
            required=True,
            about="Wohin Kopien gehen.",
        ),
        Key(
            name="copies",
            kind=ListOf(_COPY),
            required=True,
            about="Welches System auf welches Ziel kopiert wird, wie oft und wie lange.",
        ),
        Key(
            name="limits",
            kind=_LIMITS,
            about="Wie viel von Leitung und Akku Sicherungen nehmen dürfen.",
        ),
        Key(
            name="schedule",
            kind=_SCHEDULE,
            about="Wann der Hintergrunddienst von selbst kopieren darf.",
        ),
        Key(
            name="people",
            kind=ListOf(_PERSON, may_be_empty=True),
            about="Wer gewarnt wird: Verantwortliche und Vertretung.",
        ),
        Key(name="alerts", kind=_ALERTS, about="Wie und wann gewarnt wird."),
    )
)
"""The whole file."""
