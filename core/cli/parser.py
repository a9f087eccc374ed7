"""What may be typed. Every verb that appears here works."""

from __future__ import annotations

import argparse
import contextlib
from datetime import datetime

from core import VERSION
from core.cli.usage import Parser
from core.texts import Texts

_ACCOUNT_KINDS = ("onedrive", "sharepoint", "drive")


def make_parser(texts: Texts) -> Parser:
    """The parser in the language of `texts`; make and use it while `usage.speaking` them."""
    t = texts.t
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--home",
        metavar=t("ORDNER"),
        help=t("Ordner für Plan, Zustand und Zwischenspeicher (sonst LADENTRESOR_HOME)"),
    )
    common.add_argument("--json", action="store_true", help=t("Ausgabe als JSON-Zeilen"))
    common.add_argument("--lang", choices=("de", "en"), help=t("Sprache der Ausgabe"))
    parser = Parser(
        prog=texts.program,
        parents=[common],
        description=t("Sicherungen für kleine Händler: anlegen, prüfen, zurückholen."),
    )
    parser.add_argument("--version", action="version", version=VERSION, help=t("Fassung zeigen"))
    verbs = parser.add_subparsers(dest="verb", metavar=t("BEFEHL"))

    def verb(name: str, summary: str) -> Parser:
        return verbs.add_parser(name, parents=[common], help=summary, description=summary)

    demo = verb("demo", t("Einmal alles zeigen, auf Probedaten in einem eigenen Ordner"))
    demo.add_argument("--keep", metavar=t("ORDNER"), help=t("in diesem leeren Ordner, der bleibt"))

    _plan_verbs(verb("plan", t("Den Plan zeigen, prüfen, übernehmen")), texts, common)

    backup = verb("backup", t("Kopien anlegen"))
    backup.add_argument("systems", nargs="*", metavar="SYSTEM", help=t("nur diese Systeme"))
    backup.add_argument(
        "--to", action="append", default=[], metavar=t("ZIEL"), help=t("nur zu diesen Zielen")
    )
    backup.add_argument("--due", action="store_true", help=t("nur, was fällig ist"))
    backup.add_argument(
        "--accept-source",
        action="store_true",
        help=t("ja, der Ordner hat absichtlich einen ganz anderen Inhalt als bisher"),
    )
    backup.add_argument(
        "--no-sample", action="store_true", help=t("danach keine Stichprobe der Kopien lesen")
    )

    backup.add_argument(
        "--accept-changes",
        action="store_true",
        help=t("ja, die gezeigten ungewöhnlich vielen Änderungen sind gewollt"),
    )
    backup.add_argument(
        "--asked",
        default="",
        metavar=t("KENNUNG"),
        help=t("die Zustimmung gilt nur dieser Frage (Feld mark), keiner späteren"),
    )

    snapshots = verb("snapshots", t("Stände zeigen, die es gibt"))
    snapshots.add_argument("system", nargs="?", metavar="SYSTEM", help=t("nur dieses System"))
    snapshots.add_argument("--dest", metavar=t("ZIEL"), help=t("nur an diesem Ziel"))
    _as_of(snapshots, texts)

    browse = verb("browse", t("In einen Stand hineinsehen"))
    browse.add_argument("system", metavar="SYSTEM", help=t("seine id im Plan"))
    browse.add_argument(
        "path", nargs="?", default="", metavar=t("PFAD"), help=t("Ordner darin; sonst die obersten")
    )
    _where_from(browse, texts)

    search = verb("search", t("Einen Namen in allen Ständen suchen, auch Gelöschtes"))
    search.add_argument("system", metavar="SYSTEM", help=t("seine id im Plan"))
    search.add_argument("text", metavar="TEXT", help=t("ein Stück des Namens"))
    search.add_argument(
        "--from", dest="source", metavar=t("ZIEL"), help=t("aus der Kopie an diesem Ziel")
    )

    restore = verb("restore", t("Daten zurückholen, in einen leeren Ordner"))
    restore.add_argument("system", metavar="SYSTEM", help=t("seine id im Plan"))
    restore.add_argument("--into", required=True, metavar=t("ORDNER"), help=t("leerer Ordner"))
    restore.add_argument(
        "--path",
        nargs="+",
        action="extend",
        default=[],
        metavar=t("MUSTER"),
        help=t('nur diese Dateien und Ordner, etwa "*.csv" oder Laden/Rechnungen'),
    )
    restore.add_argument(
        "--keep-links",
        action="store_true",
        help=t("Verweise nach draußen als Verweise, nicht als Textdatei"),
    )
    restore.add_argument(
        "--in-place",
        action="store_true",
        help=t("danach an den alten Platz legen, was dort fehlt; was dort anders ist, bleibt"),
    )
    restore.add_argument(
        "--replace",
        nargs="+",
        action="extend",
        default=[],
        metavar=t("DATEI"),
        help=t("wie --in-place, und diese Dateien dort ersetzen; die bisherigen werden aufgehoben"),
    )
    _where_from(restore, texts)

    verify = verb("verify", t("Kopien nachprüfen"))
    verify.add_argument(
        "destinations", nargs="*", metavar=t("ZIEL"), help=t("nur an diesen Zielen")
    )
    depth = verify.add_mutually_exclusive_group()
    depth.add_argument("--full", action="store_true", help=t("jedes Byte lesen"))
    depth.add_argument(
        "--due", action="store_true", help=t("lesen, was am längsten nicht gelesen wurde")
    )
    depth.add_argument(
        "--newest", action="store_true", help=t("lesen, was der neueste Stand braucht")
    )
    depth.add_argument(
        "--sample", type=_Percent(texts), metavar=t("PROZENT"), help=t("einen Teil der Bytes lesen")
    )

    prune = verb("prune", t("Aufräumen: Stände gehen lassen, die niemand mehr braucht"))
    prune.add_argument("systems", nargs="*", metavar="SYSTEM", help=t("nur diese Systeme"))
    prune.add_argument(
        "--to", action="append", default=[], metavar=t("ZIEL"), help=t("nur an diesen Zielen")
    )
    prune.add_argument("--dry-run", action="store_true", help=t("nur zeigen, was gehen würde"))
    prune.add_argument(
        "--give-up",
        action="append",
        default=[],
        metavar=t("STAND"),
        help=t("diesen Stand aufgeben, etwa weil er beschädigt ist"),
    )

    adopt = verb("adopt", t("Eine vorhandene Kopie übernehmen, auch auf einem leeren PC"))
    adopt.add_argument(
        "location",
        metavar=t("ORT"),
        help=t("Ordner der Kopie oder darüber, oder Adresse des Ziels im Netz"),
    )
    adopt.add_argument(
        "--for",
        dest="destination",
        default="",
        metavar=t("ZIEL"),
        help=t("dessen hinterlegtes Kennwort öffnet das Ziel im Netz"),
    )
    _as_of(adopt, texts)
    adopt.add_argument(
        "--take-over", action="store_true", help=t("ab jetzt schreibt dieser PC dorthin")
    )

    _secret_verbs(verb("secret", t("Kennwörter und Schlüssel hinterlegen")), texts, common)
    _key_verbs(verb("key", t("Schlüssel und Wiederherstellungsblatt")), texts, common)

    _account_verbs(verb("account", t("Bei Cloud-Diensten anmelden")), texts, common)

    canary = verb("canary", t("Köderdateien, die verraten, wenn jemand alles verändert"))
    canaries = canary.add_subparsers(dest="canary_verb", metavar=t("BEFEHL"), required=True)
    create = canaries.add_parser(
        "create", parents=[common], help=t("in den Ordnern eines Systems anlegen, wo keine sind")
    )
    create.add_argument("system", metavar="SYSTEM", help=t("seine id im Plan"))

    probe = verb("probe", t("Ein Ziel ausprobieren: was es kann und wie schnell es ist"))
    probe.add_argument(
        "place",
        metavar=t("ZIEL"),
        help=t("Ziel des Plans, Ordner, Adresse im Netz oder account:NAME/Ordner"),
    )
    probe.add_argument(
        "--for",
        dest="destination",
        default="",
        metavar=t("ZIEL"),
        help=t("dessen hinterlegtes Kennwort öffnet das Ziel im Netz"),
    )
    probe.add_argument(
        "--no-speed", action="store_true", help=t("nur wenige Kilobyte senden, kein Tempo messen")
    )

    trust = verb("trust", t("Dem neuen Schlüssel eines Servers glauben"))
    trust.add_argument("destination", metavar=t("ZIEL"), help=t("seine id im Plan"))

    rewind = verb("rewind", t("Einen Bucket wieder so machen, wie er vor einem Einbruch war"))
    rewind.add_argument("destination", metavar=t("ZIEL"), help=t("seine id im Plan"))
    rewind.add_argument(
        "--as-of",
        type=_Moment(texts),
        required=True,
        metavar=t("ZEITPUNKT"),
        help=t("kurz bevor jemand dort löschte oder überschrieb"),
    )
    rewind.add_argument("--dry-run", action="store_true", help=t("nur zeigen, was fehlt"))
    _agent_verbs(verb("agent", t("Der Hintergrunddienst: kopiert von selbst")), texts, common)

    verb("status", t("Wie es um jede Kopie steht"))
    _alert_verbs(verb("alerts", t("Warnungen: was offen ist, wer es erfährt")), texts, common)

    runs = verb("runs", t("Das Protokoll der Läufe, mit allem, was ausgelassen wurde"))
    runs.add_argument(
        "--search", metavar="TEXT", help=t("nur Läufe, in denen das vorkommt, auch in Dateinamen")
    )
    runs.add_argument("--export", metavar=t("DATEI"), help=t("als Tabelle (CSV) in diese Datei"))
    runs.add_argument(
        "--last", type=int, default=0, metavar=t("ANZAHL"), help=t("nur die neuesten so vielen")
    )
    doctor = verb("doctor", t("Prüfen, ob auf diesem PC alles Nötige da ist"))
    doctor.add_argument(
        "--report", metavar=t("DATEI"), help=t("auch als Bericht ohne Geheimnisse schreiben")
    )
    return parser


class _Minutes:
    """Reads a waiting time: more than nothing, at most a day."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __call__(self, text: str) -> float:
        with contextlib.suppress(ValueError):
            value = float(text.replace(",", "."))
            if 0 < value <= 1440:
                return value
        raise argparse.ArgumentTypeError(
            self._texts.t(
                "„{text}“ ist keine Zahl von Minuten. Möglich ist mehr als 0, höchstens 1440.",
                text=text,
            )
        )


class _Moment:
    """Reads a moment: ISO 8601, without a zone by this PC's own; a day means its end."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __call__(self, text: str) -> datetime:
        from core.copies.opening.finding import moment_of  # only where somebody names one

        moment = moment_of(text)
        if moment is None:
            raise argparse.ArgumentTypeError(
                self._texts.t(
                    "„{text}“ ist kein Zeitpunkt. Beispiele: 2026-11-20, 2026-11-20T18:00.",
                    text=text,
                )
            )
        return moment


class _Percent:
    """Reads a share: more than nothing, at most everything."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __call__(self, text: str) -> float:
        with contextlib.suppress(ValueError):
            value = float(text.rstrip("%").replace(",", "."))
            if 0 < value <= 100:
                return value
        raise argparse.ArgumentTypeError(
            self._texts.t(
                "„{text}“ ist kein Anteil. Möglich ist mehr als 0, höchstens 100.", text=text
            )
        )


def _where_from(parser: Parser, texts: Texts) -> None:
    t = texts.t
    parser.add_argument(
        "--at",
        metavar=t("STAND"),
        help=t("Lauf, seine Nummer oder ein Zeitpunkt; sonst der neueste"),
    )
    parser.add_argument(
        "--from", dest="source", metavar=t("ZIEL"), help=t("aus der Kopie an diesem Ziel")
    )
    _as_of(parser, texts)


def _as_of(parser: Parser, texts: Texts) -> None:
    t = texts.t
    parser.add_argument(
        "--as-of",
        type=_Moment(texts),
        metavar=t("ZEITPUNKT"),
        help=t("einen Bucket so lesen, wie er damals war, etwa bevor jemand darin löschte"),
    )


def _secret_verbs(secret: Parser, texts: Texts, common: Parser) -> None:
    t = texts.t
    secret.epilog = t(
        "Sie liegen im Schlüsselbund dieses PCs; ist LADENTRESOR_PASSPHRASE gesetzt, in einer damit"
        " verschlüsselten Datei."
    )
    verbs = secret.add_subparsers(dest="secret_verb", metavar=t("BEFEHL"), required=True)
    keep = verbs.add_parser(
        "set", parents=[common], help=t("eines hinterlegen; der Wert kommt von der Standardeingabe")
    )
    keep.add_argument("name", metavar="NAME", help=t("etwa platte.key"))
    verbs.add_parser("list", parents=[common], help=t("die Namen nennen, nie die Werte"))
    forget = verbs.add_parser("forget", parents=[common], help=t("eines löschen"))
    forget.add_argument("name", metavar="NAME", help=t("etwa platte.key"))


def _key_verbs(key: Parser, texts: Texts, common: Parser) -> None:
    t = texts.t
    verbs = key.add_subparsers(dest="key_verb", metavar=t("BEFEHL"), required=True)

    def one(name: str, summary: str) -> Parser:
        made = verbs.add_parser(name, parents=[common], help=summary, description=summary)
        made.add_argument(
            "--for",
            dest="destination",
            default="",
            metavar=t("ZIEL"),
            help=t("der eigene Schlüssel dieses Ziels statt dem des Ladens"),
        )
        return made

    one("create", t("den Schlüssel für verschlüsselte Kopien anlegen"))
    show = one("show", t("das Wiederherstellungsblatt drucken"))
    show.add_argument("--pdf", metavar="FILE", help=t("als PDF in diese neue Datei"))
    show.add_argument("--text", action="store_true", help=t("als Text ausgeben; sonst ohne --pdf"))
    show.add_argument(
        "--place", default="", metavar=t("ORT"), help=t("wo dieses Exemplar liegen wird")
    )
    one("prove", t("mit dem abgetippten Blatt eine Probedatei öffnen"))
    one("rotate", t("einen neuen Schlüssel nehmen; der bisherige bleibt aufgehoben"))


def _account_verbs(account: Parser, texts: Texts, common: Parser) -> None:
    t = texts.t
    account.epilog = t(
        "Die Anmeldung liegt verschlüsselt in config/konten; was sie öffnet, bei den Geheimnissen."
    )
    verbs = account.add_subparsers(dest="account_verb", metavar=t("BEFEHL"), required=True)

    def one(name: str, summary: str) -> Parser:
        made = verbs.add_parser(name, parents=[common], help=summary, description=summary)
        made.add_argument("name", metavar="NAME", help=t("etwa onedrive-laden"))
        return made

    add = one("add", t("ein Konto anlegen und im Browser anmelden"))
    add.add_argument("--kind", required=True, choices=_ACCOUNT_KINDS, help=t("welcher Dienst"))
    add.add_argument("--site", default="", metavar="URL", help=t("Adresse der SharePoint-Website"))
    login = one("login", t("ein Konto im Browser neu anmelden"))
    for signing_in in (add, login):
        signing_in.add_argument(
            "--client-id",
            default="",
            metavar="ID",
            help=t("eigene Client-ID; ihr Schlüssel kommt von der Standardeingabe"),
        )
        signing_in.add_argument(
            "--no-browser", action="store_true", help=t("den Browser nicht selbst öffnen")
        )
        signing_in.add_argument(
            "--wait",
            type=_Minutes(texts),
            default=10.0,
            metavar=t("MINUTEN"),
            help=t("so lange auf die Anmeldung im Browser warten (sonst 10)"),
        )
    add.add_argument("--drive", default="", metavar=t("LAUFWERK"), help=t("welches von mehreren"))
    one("forget", t("die Anmeldung auf diesem PC löschen; in der Cloud bleibt alles"))
    verbs.add_parser("list", parents=[common], help=t("die Konten nennen"))


def _agent_verbs(agent: Parser, texts: Texts, common: Parser) -> None:
    t = texts.t
    agent.epilog = t("Ohne BEFEHL arbeitet dieser Prozess als Hintergrunddienst, bis er endet.")
    agent.add_argument(
        "--at-once",
        action="store_true",
        help=t("nicht erst warten, bis der PC zur Ruhe kommt"),
    )
    verbs = agent.add_subparsers(dest="agent_verb", metavar=t("BEFEHL"))
    verbs.add_parser("status", parents=[common], help=t("zeigen, was er tut und was ansteht"))
    verbs.add_parser(
        "stop", parents=[common], help=t("ihn beenden; Angefangenes geht später weiter")
    )
    verbs.add_parser("start", parents=[common], help=t("ihn jetzt im Hintergrund starten"))
    install = verbs.add_parser(
        "install", parents=[common], help=t("ihn bei jeder Anmeldung starten")
    )
    install.add_argument(
        "--always", action="store_true", help=t("auch arbeiten, wenn niemand angemeldet ist")
    )
    verbs.add_parser("remove", parents=[common], help=t("ihn bei der Anmeldung nicht mehr starten"))
    pause = verbs.add_parser(
        "pause", parents=[common], help=t("eine Zeit lang nichts von selbst beginnen lassen")
    )
    end = pause.add_mutually_exclusive_group(required=True)
    end.add_argument("until", nargs="?", metavar=t("BIS"), help=t("closing, tomorrow oder 18:30"))
    end.add_argument("--for", dest="span", metavar=t("DAUER"), help=t("so lange, etwa 2h"))
    verbs.add_parser("resume", parents=[common], help=t("die Pause beenden"))
    verbs.add_parser(
        "unlock", parents=[common], help=t("ihm die Passphrase geben, für diesen Lauf des PCs")
    )
    now = verbs.add_parser("run-now", parents=[common], help=t("ihn jetzt alles sichern lassen"))
    now.add_argument("systems", nargs="*", metavar="SYSTEM", help=t("nur diese Systeme"))


def _alert_verbs(alerts: Parser, texts: Texts, common: Parser) -> None:
    t = texts.t
    verbs = alerts.add_subparsers(dest="alerts_verb", metavar=t("BEFEHL"), required=True)
    verbs.add_parser("list", parents=[common], help=t("zeigen, was offen ist"))
    ack = verbs.add_parser("ack", parents=[common], help=t("sagen, dass Sie es gesehen haben"))
    ack.add_argument("id", type=int, metavar=t("NUMMER"), help=t("die Nummer der Warnung"))
    test = verbs.add_parser("test", parents=[common], help=t("eine Testmail mit Code schicken"))
    test.add_argument("--to", metavar="PERSON", help=t("nur an diese Person; sonst an alle"))
    confirm = verbs.add_parser(
        "confirm", parents=[common], help=t("den Code einer Testmail eintippen")
    )
    confirm.add_argument("code", metavar="CODE", help=t("wie er in der Mail steht"))
    verbs.add_parser(
        "send", parents=[common], help=t("nachsehen und gleich verschicken, was zu sagen ist")
    )


def _plan_verbs(plan: Parser, texts: Texts, common: Parser) -> None:
    t = texts.t
    verbs = plan.add_subparsers(dest="plan_verb", metavar=t("BEFEHL"), required=True)
    verbs.add_parser("show", parents=[common], help=t("den geltenden Plan zeigen"))
    check = verbs.add_parser("check", parents=[common], help=t("alle Fehler auf einmal nennen"))
    check.add_argument("file", nargs="?", metavar=t("DATEI"), help=t("sonst der geltende Plan"))
    verbs.add_parser("schema", parents=[common], help=t("JSON-Schema des Plans ausgeben"))
    apply = verbs.add_parser("apply", parents=[common], help=t("einen Plan prüfen und übernehmen"))
    apply.add_argument("file", metavar=t("DATEI"), help=t("der neue Plan; - für die Eingabe"))
    apply.add_argument(
        "--replacing",
        default="",
        metavar="SHA256",
        help=t("nur, wenn der geltende Plan noch dieser ist"),
    )
    put = verbs.add_parser("set", parents=[common], help=t("eine einzelne Angabe ändern"))
    put.add_argument(
        "key", metavar=t("ANGABE"), help=t("etwa destinations.platte.name, limits.upload")
    )
    put.add_argument("values", nargs="+", metavar=t("WERT"), help=t("mehrere für eine Liste"))
    left = verbs.add_parser(
        "left-out", parents=[common], help=t("zeigen, was jedes Muster gerade auslässt")
    )
    left.add_argument("system", metavar="SYSTEM", help=t("seine id im Plan"))
    left.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar=t("MUSTER"),
        help=t("auch dieses Muster, das noch nicht im Plan steht"),
    )
    unset = verbs.add_parser(
        "unset", parents=[common], help=t("eine Angabe streichen; dann gilt, was ohne sie gilt")
    )
    unset.add_argument("key", metavar=t("ANGABE"), help=t("etwa copies.laden.platte.every"))
