"""The recovery sheet: the page that opens encrypted copies without this program (DESIGN §5).

Whoever holds it and one copy needs stock rclone and nothing of ours. It is the only thing we print
that holds a secret; nothing of it is ever logged or stored.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from string import ascii_uppercase

from core import VERSION
from core.copies.format.documents import FORMAT
from core.copies.opening.sealed import vault_folder
from core.destinations import storages
from core.plan.locations import Location, RcloneLocation
from core.plan.model import Destination, Medium, Plan
from core.reports.commands import Shell, command
from core.reports.pages import (
    Block,
    Command,
    Facts,
    Heading,
    Lines,
    Page,
    Step,
    Text,
    Title,
    printable,
)
from core.secrets.recovery import Pair, checksum_line
from core.texts import Texts, t
from core.texts.formats import date, visible

VAULT = "tresor"
"""What the remote is called that the sheet's commands make."""
_SOURCE = "quelle"
_PASSWORD = t("KENNWORT")
_KINDS = {
    Medium.DISK: t("Platte"),
    Medium.NAS: t("Netzspeicher (NAS)"),
    Medium.CLOUD: t("Cloud"),
}


@dataclass(frozen=True, slots=True)
class Account:
    """How rclone gets to a place that is no path of a PC.

    `backend` and `parameters` are rclone's own words, passwords left out; `password` names the
    parameter that has to be typed in as well, empty when there is none.
    """

    backend: str
    parameters: tuple[tuple[str, str], ...]
    password: str = ""
    name: str = ""
    """The name of the account, as one signs in."""


@dataclass(frozen=True, slots=True)
class SheetCopy:
    """One encrypted copy on the sheet. `address`: its vault, a full path or one at the account."""

    system: str
    destination: str
    medium: Medium
    address: str
    operator: str = ""
    account: Account | None = None
    access: str = ""
    """Where the access (password, second factor) is kept; empty is a line to fill in by hand."""
    place: str = ""
    """The destination as `adopt` takes it, where it is no path of a PC."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One numbered print."""

    pair: Pair
    shop: str
    number: int
    printed: datetime
    place: str
    copies: tuple[SheetCopy, ...]


def copies_of(plan: Plan, opened: Container[str], pair: Pair) -> tuple[SheetCopy, ...]:
    """The encrypted copies of a plan at the destinations in `opened`, in the order of the plan,
    each with the vault that this pair opens.
    """
    found = []
    for copy in plan.copies:
        where = plan.destination(copy.destination)
        if where.encrypted and where.id in opened:
            name = plan.system(copy.system).name
            found.append(_copy_at(where, copy.system, name, vault_folder(pair)))
    return tuple(found)


def _copy_at(where: Destination, system: str, name: str, vault: str) -> SheetCopy:
    folder = where.folder_of(system)
    if folder is not None:
        return SheetCopy(name, where.name, where.medium, str(folder / vault), where.operator)
    top = storages.path_in(where.location)
    inside = "/".join(part for part in (top.rstrip("/"), system, vault) if part)
    if top.startswith("/") and not inside.startswith("/"):
        inside = f"/{inside}"
    account = _account_of(where.location)
    if account is None and isinstance(where.location, RcloneLocation):
        inside = f"{where.location.remote}:{inside}"
    place = where.location.address
    return SheetCopy(name, where.name, where.medium, inside, where.operator, account, place=place)


def _account_of(location: Location) -> Account | None:
    """How stock rclone gets to a place in the network; None where somebody set it up himself."""
    options = storages.by_hand(location)
    if not options:
        return None
    named = (options.get(key) for key in ("user", "access_key_id"))
    return Account(
        options["type"],
        tuple((key, value) for key, value in options.items() if key != "type"),
        storages.password_option(location),
        next(filter(None, named), ""),
    )


def make_page(sheet: Sheet, texts: Texts) -> Page:
    """The sheet in the language of `texts`."""
    t = texts.t
    foot = t(
        "Wiederherstellungsblatt {mark}, Ausdruck {number} · Ladentresor {version}, Format der "
        "Kopien {format}",
        mark=sheet.pair.mark,
        number=sheet.number,
        version=VERSION,
        format=FORMAT,
    )
    blocks = (*_head(sheet, texts), *_where(sheet, texts), *_steps(sheet, texts))
    return Page(t("Wiederherstellungsblatt"), texts.lang, blocks, foot)


def _head(sheet: Sheet, texts: Texts) -> Iterator[Block]:
    t = texts.t
    yield Title(
        t("Wiederherstellungsblatt"),
        t(
            "Nr. {number} · {date}",
            number=sheet.number,
            date=date(sheet.printed, texts.lang),
        ),
        t(
            "{shop} · Dieses Exemplar liegt: {place}",
            shop=sheet.shop or "Ladentresor",
            place=sheet.place or "_" * 30,
        ),
    )
    yield Text(
        t(
            "Die beiden Zeilen auf diesem Blatt öffnen Ihre verschlüsselten Kopien, auch ohne "
            "Ladentresor und auf jedem PC. Geht Ihr PC verloren, gibt es keinen anderen Weg: "
            "Niemand kann die Zeilen ersetzen, auch der Hersteller nicht."
        )
    )
    yield Text(
        t(
            "Bewahren Sie zwei Exemplare an zwei Orten auf, denn auch Papier verbrennt; keines bei "
            "den Kopien, denn wer beides hat, liest alles. Nicht fotografieren, nicht scannen, "
            "nirgends speichern."
        ),
        strong=True,
    )
    password, salt, check = (
        tuple(line.split("-"))
        for line in (sheet.pair.password, sheet.pair.salt, checksum_line(sheet.pair))
    )
    yield Lines(
        ((t("Zeile 1"), password), (t("Zeile 2"), salt), (t("Prüfzeile"), check)),
        t(
            "Kleinbuchstaben und Ziffern; 0, 1, i, l und o kommen nicht vor. Die Striche zwischen "
            "den Gruppen gehören dazu. Die Prüfzeile braucht nur, wer in Ladentresor tippt: Jede "
            "ihrer Gruppen verrät Tippfehler in den beiden Gruppen darüber."
        ),
    )


def _where(sheet: Sheet, texts: Texts) -> Iterator[Block]:
    t = texts.t
    yield Heading(t("Wo die Kopien liegen"))
    if not sheet.copies:
        yield Text(
            t(
                "Im Plan steht noch keine verschlüsselte Kopie. Drucken Sie dieses Blatt neu, "
                "sobald es eine gibt."
            )
        )
    for copy, letter in _lettered(sheet):
        rows = [(t("Adresse"), visible(copy.address))]
        if copy.account is None:
            rows.append((t("Der Datenträger liegt"), copy.access))
        else:
            rows.append((t("Konto"), copy.account.name))
            rows.append((t("Kennwort, 2. Faktor liegen"), copy.access))
            if copy.place:
                rows.append((t("Mit Ladentresor"), visible(f"ladentresor adopt {copy.place}")))
        yield Facts(
            t(
                "Kopie {letter}: {system} auf {destination} ({kind})",
                letter=letter,
                system=copy.system,
                destination=copy.destination,
                kind=_kind(copy, texts),
            ),
            tuple(rows),
        )
    yield Text(
        t(
            "Verschlüsselt mit rclone crypt: filename_encryption standard, "
            "directory_name_encryption true, filename_encoding base32 (so ist rclone eingestellt, "
            "wenn man nichts anderes sagt). Zeile 1 ist password, Zeile 2 ist password2."
        )
    )
    if any(printable(copy.address) != copy.address for copy in sheet.copies):
        yield Text(
            t(
                "Steht in einer Adresse ein Fragezeichen, kann der Druck ein Zeichen nicht "
                "wiedergeben: Tippen Sie den Namen, wie ihn der Datenträger zeigt."
            )
        )


def _kind(copy: SheetCopy, texts: Texts) -> str:
    parts = [texts.t(_KINDS[copy.medium])]
    if copy.account is not None:
        parts.append(f"rclone {copy.account.backend}")
    return ", ".join([*parts, copy.operator] if copy.operator else parts)


def _steps(sheet: Sheet, texts: Texts) -> Iterator[Block]:
    t = texts.t
    yield Heading(t("So kommen die Daten zurück, ohne Ladentresor"))
    yield Text(
        t(
            "Sie brauchen rclone (kostenlos, rclone.org) und ein Terminal, unter Windows die "
            "PowerShell. Jeder Befehl ist eine einzige Zeile: Am Ende einer gedruckten Zeile steht "
            "ein Leerzeichen, nach dem Zeichen ¬ keines. Kennt der PC rclone nicht, tippen Sie "
            "./rclone in dessen Ordner."
        )
    )
    accounts = tuple(
        _account(copy.account, letter, texts) for copy, letter in _lettered(sheet) if copy.account
    )
    numbers = iter(range(1, 5))
    if accounts:
        yield Step(
            next(numbers),
            t(
                "Beim Anbieter anmelden; statt {word} tippen Sie das Ihres Kontos:",
                word=t(_PASSWORD),
            ),
            accounts,
        )
    yield Step(
        next(numbers),
        t(
            "Den Tresor nennen. Liegt er an diesem PC woanders, etwa unter einem anderen "
            "Laufwerksbuchstaben, tippen Sie hinter remote= diesen Ort:"
        ),
        tuple(_vault(sheet, copy, letter) for copy, letter in _lettered(sheet))
        or (_vault(sheet, None, ""),),
    )
    yield Step(
        next(numbers),
        t(
            "Ihn entschlüsselt in den neuen Ordner {folder} holen (jede Kopie in einen anderen):",
            folder="kopie",
        ),
        (Command(("rclone", "copy", f"{VAULT}:", "kopie")),),
    )
    yield Step(
        next(numbers),
        t(
            "Daraus den neuesten Stand in den neuen Ordner {folder} stellen; jede Datei wird dabei "
            "geprüft. Ohne die letzten beiden Wörter zeigt der Befehl alle Stände:",
            folder="zurueck",
        ),
        (
            Command(("sh", "kopie/zurueckholen.sh", "neuester", "zurueck"), t("Linux, macOS")),
            Command(
                (
                    *("powershell", "-ExecutionPolicy", "Bypass", "-File"),
                    *("kopie\\zurueckholen.ps1", "neuester", "zurueck"),
                ),
                t("Windows"),
            ),
        ),
    )
    yield Text(
        t(
            "Danach vergisst dieser PC die Zeilen wieder mit: {command}",
            command=f"rclone config delete {VAULT}",
        )
    )


def _account(account: Account, letter: str, texts: Texts) -> Command:
    """Step 1; typed alike in every shell as long as the names in it are plain."""
    given = [f"{key}={value}" for key, value in account.parameters]
    if account.password:
        given.append(f"{account.password}={texts.t(_PASSWORD)}")
    words = ("rclone", "config", "create", _source(letter), account.backend, "--obscure", *given)
    return Command(command(words, _shell("")), letter)


def _vault(sheet: Sheet, copy: SheetCopy | None, letter: str) -> Command:
    """Step 2. `--obscure` because rclone might take a line for an obscured password."""
    if copy is None:
        remote = "ORT"
    elif copy.account is None:
        remote = copy.address
    else:
        remote = f"{_source(letter)}:{copy.address}"
    words = (
        *("rclone", "config", "create", VAULT, "crypt", "--obscure", f"remote={remote}"),
        *(f"password={sheet.pair.password}", f"password2={sheet.pair.salt}"),
    )
    shell = _shell(copy.address if copy and not copy.account else "")
    return Command(tuple(map(visible, command(words, shell))), letter)


def _shell(path: str) -> Shell:
    """The shell of the PC a full path comes from; without a path that of this PC."""
    windows = not path.startswith("/") if path else os.name == "nt"
    return Shell.POWERSHELL if windows else Shell.SH


def _source(letter: str) -> str:
    return f"{_SOURCE}-{letter.lower()}" if letter else _SOURCE


def _lettered(sheet: Sheet) -> Iterator[tuple[SheetCopy, str]]:
    """Every copy and its letter: A … Z, then numbers."""
    for at, copy in enumerate(sheet.copies):
        yield copy, ascii_uppercase[at] if at < len(ascii_uppercase) else str(at + 1)
