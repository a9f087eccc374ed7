"""Every failure has its three texts in both languages, whatever parameters are there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from core.errors import Code, Exit, KnownError
from core.texts import Lang, Texts
from core.texts.catalog import MISSING, fields
from core.texts.errors import WORDS, describe
from core.texts.names import EXITS, SKIP_REASONS, exit_class, skip_reason
from tests.conftest import PROJECT

PARAMS: dict[Code, str] = {
    Code.PLAN_MISSING: "path",
    Code.PLAN_FILE_MISSING: "path",
    Code.PLAN_INVALID: "path count",
    Code.PLAN_CHANGED: "path",
    Code.HOME_LOCKED: "pid since",
    Code.HOME_FULL: "path",
    Code.HOME_UNUSABLE: "path cause",
    Code.HOME_NEWER: "path",
    Code.SOURCE_MISSING: "path system",
    Code.SOURCE_EMPTY: "path system",
    Code.SOURCE_REPLACED: "path system",
    Code.SOURCE_UNREADABLE: "path system cause",
    Code.DESTINATION_MISSING: "destination path",
    Code.DESTINATION_GONE: "destination path",
    Code.DESTINATION_FULL: "destination needed free",
    Code.DESTINATION_READ_ONLY: "destination path",
    Code.DESTINATION_REFUSED: "destination path cause",
    Code.DESTINATION_FOREIGN: "destination path system",
    Code.DESTINATION_NOT_OURS: "destination path",
    Code.DESTINATION_EMPTIED: "destination path",
    Code.DESTINATION_WRITER: "destination path computer since",
    Code.COPY_DAMAGED: "path what",
    Code.COPY_MARKER_DAMAGED: "path what",
    Code.COPY_NEWER_FORMAT: "path format",
    Code.COPY_HOSTILE: "path what",
    Code.COPY_NOT_FOUND: "path",
    Code.ADDRESS_INVALID: "address",
    Code.PASSWORD_MISSING: "address",
    Code.READ_BACK_DIFFERS: "destination path",
    Code.PRUNE_STOPPED: "destination destination_id path system state count",
    Code.GIVE_UP_WHERE: "",
    Code.AGENT_RUNNING: "pid since",
    Code.AGENT_ABSENT: "",
    Code.AGENT_VERSION: "theirs ours",
    Code.AGENT_LOST: "",
    Code.NEEDS_LOGON: "",
    Code.AUTOSTART_FAILED: "path cause",
    Code.PAUSE_TIME: "text",
    Code.PAUSE_NOT_OPEN: "",
    Code.LOCK_NO_BUCKET: "destination path",
    Code.LOCK_NO_RIGHTS: "destination path cause",
    Code.LOCK_NOT_KEPT: "destination path count of",
    Code.PAST_NOT_KEPT: "destination path",
    Code.PAST_IS_PAST: "address",
    Code.STATE_NOT_FOUND: "state system",
    Code.PATH_NOT_FOUND: "path system",
    Code.TARGET_NOT_EMPTY: "path",
    Code.TARGET_IN_USE: "path system",
    Code.TARGET_FULL: "path",
    Code.TARGET_REFUSED: "path cause",
    Code.SYSTEM_UNKNOWN: "system",
    Code.DESTINATION_UNKNOWN: "destination",
    Code.COPY_UNKNOWN: "what known",
    Code.COPY_IS_ENCRYPTED: "destination path",
    Code.COPY_NOT_ENCRYPTED: "destination path",
    Code.KEY_WRONG: "destination path",
    Code.REMOTE_UNREACHABLE: "destination path cause",
    Code.REMOTE_OFFLINE: "destination path cause",
    Code.REMOTE_TIMED_OUT: "destination path cause",
    Code.REMOTE_CUT_OFF: "destination path cause",
    Code.REMOTE_PORTAL: "destination path cause",
    Code.REMOTE_RATE_LIMITED: "destination path cause",
    Code.REMOTE_MAINTENANCE: "destination path cause",
    Code.REMOTE_SHARE_MISSING: "destination path cause",
    Code.REMOTE_CLOCK: "destination path cause",
    Code.REMOTE_LOGIN: "destination path cause",
    Code.REMOTE_LOGIN_EXPIRED: "destination path cause",
    Code.REMOTE_HOST_KEY: "destination path cause",
    Code.REMOTE_CERTIFICATE: "destination path cause",
    Code.REMOTE_PROTOCOL: "destination path cause",
    Code.REMOTE_NO_RIGHTS: "destination path cause",
    Code.REMOTE_LOCKED: "destination path cause",
    Code.REMOTE_TOO_LARGE: "destination path cause",
    Code.REMOTE_NAME_REFUSED: "destination path cause",
    Code.REMOTE_QUOTA: "destination path cause",
    Code.REMOTE_DAMAGED: "destination path cause",
    Code.REMOTE_FAILED: "destination path cause",
    Code.REMOTE_LARGER: "destination path limit",
    Code.ACCOUNT_BUSY: "destination",
    Code.ACCOUNT_UNKNOWN: "account",
    Code.ACCOUNT_EXISTS: "account",
    Code.ACCOUNT_NAME: "account",
    Code.ACCOUNT_NEEDS_CLIENT: "account",
    Code.ACCOUNT_DAMAGED: "destination path",
    Code.LOGIN_REFUSED: "account",
    Code.LOGIN_TIMED_OUT: "account minutes",
    Code.LOGIN_CLIENT: "account",
    Code.LOGIN_PORT_BUSY: "account",
    Code.LOGIN_OTHER_ACCOUNT: "account",
    Code.LOGIN_QUESTION: "account question choices",
    Code.LOGIN_FAILED: "account cause",
    Code.RCLONE_MISSING: "path",
    Code.RCLONE_VERSION: "path found wanted",
    Code.RCLONE_DIED: "destination cause",
    Code.HELD_BY_GATE: "destination system",
    Code.SECRET_STORE_MISSING: "cause",
    Code.SECRET_WRONG_PASSPHRASE: "",
    Code.SECRET_MISSING: "name",
    Code.SECRET_NAME: "name",
    Code.SECRET_EMPTY: "name",
    Code.SECRET_NOT_TEXT: "name",
    Code.SECRET_TOO_LONG: "name limit",
    Code.SECRET_STORE_DAMAGED: "path",
    Code.KEY_EXISTS: "name",
    Code.KEY_MISSING: "name",
    Code.KEY_UNREADABLE: "name",
    Code.KEY_MISTYPED: "count",
    Code.KEY_OPENS_NOTHING: "name",
    Code.KEY_OLD: "name",
    Code.SHEET_EXPOSED: "path",
    Code.SHEET_NOT_WRITTEN: "path cause",
    Code.MAIL_NOT_SET_UP: "what",
    Code.MAIL_SECRET_MISSING: "name",
    Code.MAIL_UNREACHABLE: "host port",
    Code.MAIL_CERTIFICATE: "host port",
    Code.MAIL_NOT_ENCRYPTED: "host port security",
    Code.MAIL_LOGIN: "host port answer name",
    Code.MAIL_LATER: "host port answer",
    Code.MAIL_REFUSED: "host port answer",
    Code.MAIL_CODE_WRONG: "",
    Code.ALERT_UNKNOWN: "id",
    Code.PERSON_UNKNOWN: "person known",
    Code.EXPORT_NOT_WRITTEN: "path cause",
    Code.NOT_IN_THIS_VERSION: "what",
    Code.CANCELLED: "",
}
"""What those who raise may be relied on to give."""


def needed(code: Code) -> frozenset[str]:
    """The parameters the texts of a code ask of those who raise it."""
    used = frozenset[str]().union(*map(fields, WORDS[code])) - {"program"}
    return frozenset("destination" if name == "device" else name for name in used)


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_described(lang: Lang, code: Code) -> None:
    texts = Texts(lang)
    given = {name: f"<{name}>" for name in PARAMS[code].split()}
    whole = describe(texts, KnownError(code, **given))
    for text in (whole.sentence, whole.risk, whole.next_step):
        assert text
        assert MISSING not in text
        assert "{" not in text
    bare = describe(texts, KnownError(code))
    assert bare.next_step
    assert "{" not in bare.sentence


def test_texts_use_only_promised_parameters() -> None:
    for code in WORDS:
        assert needed(code) <= set(PARAMS[code].split()), code


def raised(source: str) -> Iterator[tuple[Code, set[str], int]]:
    """Each `KnownError(Code.X, a=…, b=…)` of a module; calls with `**params` are left out."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "KnownError"):
            continue
        names = [keyword.arg for keyword in node.keywords]
        if node.args and isinstance(node.args[0], ast.Attribute) and None not in names:
            yield Code[node.args[0].attr], {name for name in names if name}, node.lineno


def test_who_raises_gives_what_the_texts_need() -> None:
    """Else a shop owner reads `…` where a name should stand."""
    wrong = []
    for file in sorted((PROJECT / "core").rglob("*.py")):
        for code, given, line in raised(file.read_text(encoding="utf-8")):
            if not needed(code) <= given:
                wrong.append((f"{file}:{line}", code, needed(code) - given))
    assert wrong == []


def test_english_differs_from_german() -> None:
    de, en = Texts("de"), Texts("en")
    for code in Code:
        assert describe(de, KnownError(code)) != describe(en, KnownError(code))


def test_a_full_destination_says_how_full() -> None:
    error = KnownError(Code.DESTINATION_FULL, destination="NAS", needed=1_600_000_000, free="0")
    assert describe(Texts("de"), error).sentence == (
        "Auf „NAS“ ist kein Platz mehr. Gebraucht werden 1,6 GB, frei sind 0 Byte."
    )
    error = KnownError(Code.DESTINATION_FULL, destination="NAS", needed="1,6 GB", free="viel")
    assert describe(Texts("en"), error).sentence.endswith("1,6 GB are needed, viel are free.")
    only_one = KnownError(Code.DESTINATION_FULL, destination="NAS", free=1)
    assert describe(Texts("de"), only_one).sentence == "Auf „NAS“ ist kein Platz mehr."


def test_a_destination_is_called_by_its_name_and_its_id() -> None:
    error = KnownError(Code.DESTINATION_MISSING, destination="nas", path="/mnt/b")
    said = describe(Texts("de"), error, {"nas": "NAS im Lager", "b": "B"})
    assert said.sentence.startswith("„NAS im Lager“ (nas) ist nicht erreichbar.")
    assert "„NAS im Lager“" in said.risk
    assert "(nas)" not in said.risk + said.next_step
    english = describe(Texts("en"), error, {"nas": "Store NAS"})
    assert "“Store NAS” (nas)" in english.sentence
    for names in ({}, {"nas": "nas"}, {"nas": ""}):
        assert describe(Texts("de"), error, names).sentence.startswith("„nas“ ist nicht")
    foul = describe(Texts("de"), error, {"nas": "rot\x1b[31m{path}"})
    assert "\x1b" not in foul.sentence
    assert "{path}" in foul.sentence


def test_commands_are_named_the_way_they_are_typed() -> None:
    error = KnownError(Code.SYSTEM_UNKNOWN, system="x")
    for lang in ("de", "en"):
        assert "./run plan show" in describe(Texts(lang, program="./run"), error).next_step
        assert "ladentresor plan show" in describe(Texts(lang), error).next_step


def test_times_are_written_for_people() -> None:
    error = KnownError(Code.HOME_LOCKED, pid=24004, since="2026-11-18T12:00:00Z")
    sentence = describe(Texts("de"), error).sentence
    assert "18. November 2026, " in sentence
    assert "24004" in sentence  # a number of a process is no quantity
    error = KnownError(Code.HOME_LOCKED, pid=1, since="eben")
    assert "seit eben" in describe(Texts("de"), error).sentence


def test_names_from_the_world_are_made_safe() -> None:
    error = KnownError(Code.PATH_NOT_FOUND, path="a\x1b[31m\n\u202eb\udcff", system="{path}")
    sentence = describe(Texts("de"), error).sentence
    assert sentence.endswith("a\\x1b[31m\\x0a\\u202eb\\xff")
    assert "{path}" in sentence


@pytest.mark.parametrize("lang", ["de", "en"])
def test_names(lang: Lang) -> None:
    texts = Texts(lang)
    assert set(EXITS) == set(Exit)
    assert len({exit_class(texts, outcome) for outcome in Exit}) == len(Exit)
    assert len({skip_reason(texts, reason) for reason in SKIP_REASONS}) == len(SKIP_REASONS)
    assert skip_reason(texts, "neuer_grund") == "neuer_grund"


def test_every_reason_of_the_format_has_a_name() -> None:
    text = (PROJECT / "docs" / "format.md").read_text(encoding="utf-8")
    part = text[text.index("- `grund`:") :]
    part = part[: part.index(".\n")]
    written = {word for word in part.split("`")[3::2] if word.islower()}
    assert written == set(SKIP_REASONS)
