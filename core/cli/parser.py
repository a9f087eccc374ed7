"""What may be typed. Every verb that appears here works."""

from __future__ import annotations

import argparse

from core import VERSION
from core.texts import Texts


def make_parser(texts: Texts) -> argparse.ArgumentParser:
    """The parser in the language of `texts`."""
    t = texts.t
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--home",
        metavar="DIR",
        help=t("Ordner für Plan, Zustand und Zwischenspeicher (sonst LADENTRESOR_HOME)"),
    )
    common.add_argument("--json", action="store_true", help=t("Ausgabe als JSON-Zeilen"))
    common.add_argument("--lang", choices=("de", "en"), help=t("Sprache der Ausgabe"))
    parser = argparse.ArgumentParser(
        prog="ladentresor",
        parents=[common],
        description=t("Sicherungen für kleine Händler: anlegen, prüfen, zurückholen."),
    )
    parser.add_argument("--version", action="version", version=VERSION)
    verbs = parser.add_subparsers(dest="verb", metavar=t("BEFEHL"))

    def verb(name: str, summary: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, parents=[common], help=summary, description=summary)

    demo = verb("demo", t("Einmal alles zeigen, auf Probedaten in einem eigenen Ordner"))
    demo.add_argument("--keep", metavar="DIR", help=t("in diesen leeren Ordner, und ihn behalten"))

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

    snapshots = verb("snapshots", t("Stände zeigen, die es gibt"))
    snapshots.add_argument("system", nargs="?", metavar="SYSTEM")
    snapshots.add_argument("--dest", metavar=t("ZIEL"), help=t("nur an diesem Ziel"))

    browse = verb("browse", t("In einen Stand hineinsehen"))
    browse.add_argument("system", metavar="SYSTEM")
    browse.add_argument("path", nargs="?", default="", metavar=t("PFAD"))
    _where_from(browse, texts)

    restore = verb("restore", t("Daten zurückholen, in einen leeren Ordner"))
    restore.add_argument("system", metavar="SYSTEM")
    restore.add_argument("--into", required=True, metavar="DIR", help=t("leerer Ordner"))
    restore.add_argument(
        "--path", nargs="+", action="extend", default=[], metavar="GLOB", help=t("nur diese Pfade")
    )
    restore.add_argument(
        "--keep-links",
        action="store_true",
        help=t("Verweise nach draußen als Verweise, nicht als Textdatei"),
    )
    _where_from(restore, texts)

    verify = verb("verify", t("Kopien nachprüfen"))
    verify.add_argument("destinations", nargs="*", metavar=t("ZIEL"))
    depth = verify.add_mutually_exclusive_group()
    depth.add_argument("--full", action="store_true", help=t("jedes Byte lesen"))
    depth.add_argument(
        "--sample", type=_percent, metavar=t("PROZENT"), help=t("einen Teil der Bytes lesen")
    )

    adopt = verb("adopt", t("Eine vorhandene Kopie übernehmen, auch auf einem leeren PC"))
    adopt.add_argument("location", metavar=t("ORT"), help=t("Ordner der Kopie oder darüber"))
    adopt.add_argument(
        "--take-over", action="store_true", help=t("ab jetzt schreibt dieser PC dorthin")
    )

    _secret_verbs(verb("secret", t("Kennwörter und Schlüssel hinterlegen")), texts, common)
    _key_verbs(verb("key", t("Schlüssel und Wiederherstellungsblatt")), texts, common)

    verb("status", t("Wie es um jede Kopie steht"))
    verb("doctor", t("Prüfen, ob auf diesem PC alles Nötige da ist"))
    return parser


def _percent(text: str) -> float:
    """More than nothing, at most everything."""
    value = float(text.rstrip("%").replace(",", "."))
    if not 0 < value <= 100:
        raise ValueError(text)
    return value


def _where_from(parser: argparse.ArgumentParser, texts: Texts) -> None:
    t = texts.t
    parser.add_argument(
        "--at",
        metavar=t("STAND"),
        help=t("Lauf, seine Nummer oder ein Zeitpunkt; sonst der neueste"),
    )
    parser.add_argument(
        "--from", dest="source", metavar=t("ZIEL"), help=t("aus der Kopie an diesem Ziel")
    )


def _secret_verbs(
    secret: argparse.ArgumentParser, texts: Texts, common: argparse.ArgumentParser
) -> None:
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
    forget.add_argument("name", metavar="NAME")


def _key_verbs(key: argparse.ArgumentParser, texts: Texts, common: argparse.ArgumentParser) -> None:
    t = texts.t
    verbs = key.add_subparsers(dest="key_verb", metavar=t("BEFEHL"), required=True)

    def one(name: str, summary: str) -> argparse.ArgumentParser:
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


def _plan_verbs(
    plan: argparse.ArgumentParser, texts: Texts, common: argparse.ArgumentParser
) -> None:
    t = texts.t
    verbs = plan.add_subparsers(dest="plan_verb", metavar=t("BEFEHL"), required=True)
    verbs.add_parser("show", parents=[common], help=t("den geltenden Plan zeigen"))
    check = verbs.add_parser("check", parents=[common], help=t("alle Fehler auf einmal nennen"))
    check.add_argument("file", nargs="?", metavar="FILE", help=t("sonst der geltende Plan"))
    verbs.add_parser("schema", parents=[common], help=t("JSON-Schema des Plans ausgeben"))
    apply = verbs.add_parser("apply", parents=[common], help=t("einen Plan prüfen und übernehmen"))
    apply.add_argument("file", metavar="FILE")
