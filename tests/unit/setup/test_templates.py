"""The catalogue of templates, and the folders they find."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.plan.model import Mode, Security
from core.setup.sizes import FolderSize, measure
from core.setup.templates import (
    likely_folders,
    mail_server_for,
    roots_of,
    templates,
)


def test_every_template_says_what_it_holds_and_where_that_is_from() -> None:
    ids = [one.id for one in templates()]
    assert len(ids) == len(set(ids))
    for one in templates():
        assert one.holds
        assert one.source
        assert bool(one.folders) == (one.mode is Mode.OWN), one.id
        assert bool(one.note) == bool(one.note_en), one.id
    assert {"jtl-wawi", "woocommerce", "shopware", "lexware", "datev", "outlook"} <= set(ids)


def test_a_name_in_english_where_it_has_one() -> None:
    known = {one.id: one for one in templates()}
    assert known["outlook"].name_in("en") == "Mail in Outlook"
    assert known["shopify"].name_in("en") == "Shopify"
    assert known["outlook"].note_in("en") != known["outlook"].note_in("de")


def test_folders_that_are_there_are_found(tmp_path: Path) -> None:
    known = {one.id: one for one in templates()}
    home, programs = tmp_path / "anna [1]", tmp_path / "Programme"
    backup = programs / "Microsoft SQL Server" / "MSSQL15.JTLWAWI" / "MSSQL" / "Backup"
    for folder in (home / "Dokumente" / "Outlook-Dateien", backup):
        folder.mkdir(parents=True)
    (home / "Dokumente" / "JTL-Backup").write_text("a file is no folder")
    own = {"home": str(home), "documents": str(home / "Dokumente"), "desktop": str(home)}
    roots = roots_of({"PROGRAMFILES": str(programs), "APPDATA": ""}, own)
    assert likely_folders(known["outlook"], roots) == [str(home / "Dokumente" / "Outlook-Dateien")]
    assert likely_folders(known["jtl-wawi"], roots) == [str(backup)]
    assert likely_folders(known["documents"], roots) == [str(home / "Dokumente")]
    # where the desktop is the home itself, all of it is not what was meant
    assert likely_folders(known["desktop"], roots) == []
    assert likely_folders(known["thunderbird"], roots) == []


@pytest.mark.parametrize(
    ("address", "host", "security"),
    [
        ("Anna@GMX.de ", "mail.gmx.net", Security.STARTTLS),
        ("x@t-online.de", "securesmtp.t-online.de", Security.TLS),
    ],
)
def test_mail_servers_by_address(address: str, host: str, security: Security) -> None:
    found = mail_server_for(address)
    assert found is not None
    assert (found.host, found.security) == (host, security)


def test_nobody_guesses_an_unknown_mail_server() -> None:
    assert mail_server_for("anna@feinkost-maier.de") is None
    assert mail_server_for("") is None


def test_sizes_are_counted_and_links_are_not(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "eins").write_bytes(b"1" * 1000)
    (tmp_path / "a" / "b" / "zwei").write_bytes(b"2" * 24)
    (tmp_path / "a" / "kreis").symlink_to(tmp_path / "a")
    assert measure(tmp_path, lambda: False) == FolderSize(2, 1024, is_whole=True)
    assert measure(tmp_path / "weg", lambda: False) == FolderSize(0, 0, is_whole=True)


def test_counting_ends_when_nobody_waits_or_it_takes_too_long(tmp_path: Path) -> None:
    for number in range(1500):
        (tmp_path / f"{number}").write_bytes(b"x")
    stopped = measure(tmp_path, lambda: True)
    assert 0 < stopped.files < 1500
    assert not stopped.is_whole
    late = measure(tmp_path, lambda: False, longest=0.0)
    assert late.files < 1500
    assert not late.is_whole
