"""What rclone says becomes a typed failure, without a secret."""

from __future__ import annotations

import pytest

from core.errors import Code
from core.rclone.errors import clean, code_of, is_missing, known_error

SAID = [
    (Code.REMOTE_LOGIN, "couldn't list files: 401 Unauthorized: Unauthorized: 401 Unauthorized"),
    (Code.REMOTE_LOGIN, "ssh: handshake failed: ssh: unable to authenticate, attempted [none]"),
    (Code.REMOTE_LOGIN, "couldn't connect SMB: response error: The attempted logon is invalid."),
    (Code.REMOTE_LOGIN, "StatusCode: 403, api error SignatureDoesNotMatch: The request"),
    (Code.REMOTE_LOGIN, "StatusCode: 403, RequestID: X, api error InvalidAccessKeyId"),
    (Code.REMOTE_LOGIN_EXPIRED, "couldn't fetch token: invalid_grant: maybe token expired?"),
    (Code.REMOTE_UNREACHABLE, 'Propfind "http://h:1/": dial tcp 127.0.0.1:1: connection refused'),
    (Code.REMOTE_UNREACHABLE, "dial tcp 10.0.0.9:22: i/o timeout"),
    (Code.REMOTE_UNREACHABLE, "dial tcp 10.0.0.9:22: connect: no route to host"),
    (Code.REMOTE_OFFLINE, "dial tcp: lookup dav.example.invalid: no such host"),
    (
        Code.REMOTE_OFFLINE,
        "dial tcp: lookup nas on 10.0.0.1:53: read udp 10.0.0.2:4711: read: connection refused",
    ),
    (Code.REMOTE_OFFLINE, "dial tcp: lookup x on 127.0.0.53:53: server misbehaving"),
    (Code.REMOTE_CUT_OFF, 'Put "http://127.0.0.1/x": EOF'),
    (Code.REMOTE_CUT_OFF, "Update Put failed: connection lost"),
    (Code.REMOTE_CUT_OFF, 'Propfind "http://x/a": http: server closed idle connection'),
    (Code.REMOTE_TIMED_OUT, "net/http: timeout awaiting response headers"),
    (Code.REMOTE_CERTIFICATE, "tls: x509: certificate signed by unknown authority"),
    (Code.REMOTE_PROTOCOL, "http: server gave HTTP response to HTTPS client"),
    (Code.DESTINATION_FULL, "file too big for remaining disk space"),
    (Code.DESTINATION_FULL, "write /x: no space left on device"),
    (Code.REMOTE_QUOTA, "507 Insufficient Storage"),
    (Code.REMOTE_LOCKED, "423 Locked"),
    (Code.DESTINATION_READ_ONLY, "mkdir /mnt/a/x: read-only file system"),
    (Code.DESTINATION_GONE, "open /mnt/a/x: input/output error"),
    (Code.REMOTE_NO_RIGHTS, "403 Forbidden"),
    (Code.REMOTE_NO_RIGHTS, "open /x: permission denied"),
    (Code.REMOTE_TOO_LARGE, "413 Request Entity Too Large"),
    (Code.REMOTE_RATE_LIMITED, "429 Too Many Requests"),
    (Code.REMOTE_MAINTENANCE, "System in maintenance mode.: Sabre: 503 Service Unavailable"),
    (Code.REMOTE_NAME_REFUSED, "invalid character in name: 400 Bad Request"),
    (Code.REMOTE_PORTAL, 'Propfind "http://x/": stopped after 10 redirects'),
    (Code.REMOTE_SHARE_MISSING, "The specified share name cannot be found on the remote server"),
    (Code.REMOTE_DAMAGED, "failed to authenticate decrypted block - bad password?"),
    (Code.REMOTE_FAILED, "something nobody has ever seen"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "said"), SAID)
def test_each_cause_has_its_code(code: Code, said: str) -> None:
    error = known_error(said, destination="nas", path="daten/x")
    assert error.code is code
    assert error.params["destination"] == "nas"
    assert not is_missing(said)


@pytest.mark.parametrize(
    "said", ["object not found", "directory not found", "error in ListJSON: directory not found"]
)
def test_what_is_not_there_is_no_failure(said: str) -> None:
    assert is_missing(said)
    assert code_of(said) is None


def test_a_missing_name_on_a_dead_line_is_a_dead_line() -> None:
    assert not is_missing("object not found: dial tcp 127.0.0.1:1: connection refused")


SECRET = "Kuckucksuhr-7731"


@pytest.mark.parametrize(
    "said",
    [
        f"webdav root 'https://anna:{SECRET}@host/x': 401",
        f"ftp://anna:{SECRET}@host: no",
        f"https://host/x?X-Amz-Signature={SECRET}&b=1 failed",
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}",
        f"said {SECRET} plainly",
    ],
)
def test_no_secret_stays_in_a_message(said: str) -> None:
    assert SECRET not in clean(said, [SECRET])
    if "plainly" not in said:
        assert SECRET not in clean(said)


def test_what_rclone_adds_to_names_is_taken_off() -> None:
    assert clean("Failed to open dav{LjzSh}:x") == "Failed to open dav:x"
    assert len(clean("x" * 10_000)) == 200
    assert clean("a\n\tb") == "a b"
