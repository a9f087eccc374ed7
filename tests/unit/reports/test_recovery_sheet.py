"""The recovery sheet as text and as PDF: nothing missing, nothing cut, no secret outside."""

from __future__ import annotations

import base64
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.plan.locations import LocalLocation
from core.plan.model import Copy, Destination, Medium, Plan, System
from core.reports.commands import GOES_ON
from core.reports.pages import Command, Page, Step, as_text
from core.reports.pdf import as_pdf
from core.reports.recovery_sheet import Account, Sheet, SheetCopy, copies_of, make_page
from core.secrets.recovery import checksum_line, new_pair
from core.texts import Lang, Texts

PAIR = new_pair()
DISK = SheetCopy(
    "Laden-PC", "Platte zu Hause", Medium.DISK, "/media/anna/Meine Platte/laden/tresor"
)
WINDOWS = SheetCopy("Büro", "Platte B", Medium.DISK, "D:\\Mein Laden\\buero\\tresor")
CLOUD = SheetCopy(
    "Laden-PC",
    "Nextcloud",
    Medium.CLOUD,
    "ladentresor/laden/tresor",
    "Beispiel GmbH",
    Account("webdav", (("url", "https://cloud.beispiel.de/dav"), ("user", "anna")), "pass", "anna"),
    "1Password, Frau Maier",
)


def page(*copies: SheetCopy, lang: Lang = "de", place: str = "", shop: str = "Maier") -> Page:
    sheet = Sheet(PAIR, shop, 7, datetime(2026, 11, 22, 12, tzinfo=UTC), place, copies)
    return make_page(sheet, Texts(lang))


def commands(of: Page) -> list[str]:
    found: list[Command] = []
    for block in of.blocks:
        if isinstance(block, Step):
            found += block.commands
    return [" ".join(one.words) for one in found]


def streams(pdf: bytes) -> bytes:
    """What is drawn, unpacked."""
    found = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    return b"\n".join(zlib.decompress(base64.a85decode(b"<~" + one, adobe=True)) for one in found)


def drawn(pdf: bytes) -> list[str]:
    """Every text the PDF draws, one line each."""
    texts = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", streams(pdf), re.DOTALL)
    plain = [re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), one) for one in texts]
    return [re.sub(rb"\\(.)", rb"\1", one).decode("cp1252").replace("\xa0", " ") for one in plain]


def joined(pdf: bytes) -> str:
    """The texts as a person reads commands: a line end is a blank, but not after the sign."""
    return " ".join(drawn(pdf)).replace(f"{GOES_ON} ", "")


@pytest.mark.parametrize("lang", ["de", "en"])
def test_everything_is_on_it(lang: Lang) -> None:
    made = page(DISK, WINDOWS, CLOUD, lang=lang, place="Tresor im Büro")
    text, pdf = as_text(made), as_pdf(made)
    read = joined(pdf)
    for said in (
        *("Maier", "Tresor im Büro", "7", "November 2026", PAIR.mark, "rclone.org"),
        *("filename_encryption standard", "directory_name_encryption true"),
        *("filename_encoding base32", "Beispiel GmbH", "1Password, Frau Maier", "anna"),
        *("zurueckholen.sh", "zurueckholen.ps1", *commands(made)),
    ):
        assert said in " ".join(text.split())
        assert said in read
    for line in (PAIR.password, PAIR.salt, checksum_line(PAIR)):
        assert line in text
        assert " - ".join(line.split("-")) in read
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    assert "…" not in text  # no placeholder without a value


def test_the_commands_are_four() -> None:
    vault = "'remote=/media/anna/Meine Platte/laden/tresor'"
    lines = f"password={PAIR.password} password2={PAIR.salt}"
    assert commands(page(DISK)) == [
        f"rclone config create tresor crypt --obscure {vault} {lines}",
        "rclone copy tresor: kopie",
        "sh kopie/zurueckholen.sh neuester zurueck",
        "powershell -ExecutionPolicy Bypass -File kopie\\zurueckholen.ps1 neuester zurueck",
    ]
    assert commands(page(CLOUD))[0] == (
        "rclone config create quelle-a webdav --obscure url=https://cloud.beispiel.de/dav user=anna"
        " pass=KENNWORT"
    )
    assert "remote=quelle-a:ladentresor/laden/tresor" in commands(page(CLOUD))[1]
    assert '"remote=D:\\Mein Laden\\buero\\tresor"' in commands(page(WINDOWS))[0]


def test_metadata_hold_no_secret() -> None:
    pdf = as_pdf(page(DISK))
    outside = re.sub(rb"stream\r?\n.*?endstream", b"", pdf, flags=re.DOTALL)
    for secret in (PAIR.password, PAIR.salt, PAIR.password[:11], checksum_line(PAIR), "Maier"):
        assert secret.encode() not in outside
        assert secret.encode("utf-16-be") not in outside
    assert b"Wiederherstellungsblatt" in outside


def test_many_copies_and_long_paths_lose_nothing() -> None:
    copies = [
        SheetCopy(f"System {at}", "Platte", Medium.DISK, f"/media/{'sehrlang' * 20}/{at}/tresor")
        for at in range(30)
    ]
    made = page(*copies)
    pdf = as_pdf(made)
    read = joined(pdf)
    assert all(one in read for one in commands(made))
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 1


@pytest.mark.parametrize(
    "shop", ["<b>Maier & Söhne</b>", "x" * 300, "Łódź 東京 \U0001f600", "a\nb\x1b[2J"]
)
def test_strange_names_break_nothing(shop: str) -> None:
    copy = SheetCopy(shop, shop, Medium.NAS, f"/mnt/{shop}/tresor", shop)
    made = page(copy, shop=shop, place=shop)
    assert "\x1b" not in as_text(made)
    assert joined(as_pdf(made))
    noted = any("Fragezeichen" in line for line in drawn(as_pdf(made)))
    assert noted == ("Ł" in shop)


def test_a_sheet_before_the_first_encrypted_copy() -> None:
    made = page()
    assert "noch keine verschlüsselte Kopie" in as_text(made)
    assert "remote=ORT" in commands(made)[0]
    assert as_pdf(made)


def test_the_copies_of_a_plan() -> None:
    def at(id: str, *, encrypted: bool) -> Destination:
        location = LocalLocation(path=Path("/mnt") / id)
        return Destination(id=id, name=id.upper(), encrypted=encrypted, location=location)

    systems = (System(id="laden", name="Laden-PC"), System(id="buero", name="Büro"))
    places = (at("a", encrypted=True), at("b", encrypted=False), at("c", encrypted=True))
    pairs = [("laden", "a"), ("buero", "a"), ("laden", "b"), ("laden", "c")]
    copies = tuple(Copy(system=one, destination=other) for one, other in pairs)
    plan = Plan(systems=systems, destinations=places, copies=copies)
    found = copies_of(plan, {"a", "b"}, PAIR)
    assert [(one.system, one.destination) for one in found] == [("Laden-PC", "A"), ("Büro", "A")]
    assert found[1].address == str(Path("/mnt/a/buero") / f"tresor-{PAIR.mark}")
