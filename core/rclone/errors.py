"""What rclone says, as typed failures: a table of words to look for (RCLONE.md §6.3).

rclone's exit codes and HTTP statuses are not enough: a refused login, a missing server and a full
disk all end in 1 or 500. Only its sentences tell them apart. The first line that fits wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.errors import Code, KnownError

_TABLE: dict[Code, tuple[str, ...]] = {
    Code.REMOTE_LOGIN_EXPIRED: (
        "invalid_grant",
        "token (has )?expired",
        "couldn't fetch token",
        "empty token",
    ),
    Code.REMOTE_HOST_KEY: (
        "knownhosts: key",
        "host key (mismatch|verification)",
        "ssh: host key",
    ),
    Code.REMOTE_CLOCK: (
        "requesttimetooskewed",
        "difference between the request time",
    ),
    Code.REMOTE_LOGIN: (
        r"\b401\b",
        "unauthorized",
        "ssh: unable to authenticate",
        "attempted logon is invalid",
        "signaturedoesnotmatch",
        "invalidaccesskeyid",
        "login incorrect",
        r"\b530\b",
        "authentication failed",
        "status_logon_failure",
    ),
    Code.REMOTE_CERTIFICATE: (
        "x509:",
        "certificate",
        "tls: (handshake failure|unknown)",
    ),
    Code.REMOTE_PROTOCOL: (
        "server gave http response to https",
        "malformed http",
        "unsupported protocol",
    ),
    Code.REMOTE_OFFLINE: (
        "no such host",
        "failure in name resolution",
        "server misbehaving",
        "lookup .*: i/o timeout",
        "dial (tcp|udp)[46]?: lookup ",
        "network is unreachable",
    ),
    Code.REMOTE_PORTAL: (
        "stopped after 10 redirects",
        r"\b511\b",
        "xml syntax error",
        "expected element type",
        "looking for beginning of value",
    ),
    Code.REMOTE_QUOTA: (
        r"\b507\b",
        "insufficient storage",
        "quota",
        "storagelimit",
    ),
    Code.DESTINATION_FULL: (
        "no space left",
        "not enough (disk )?space",
        "disk full",
        "too big for remaining disk space",
        r"\b552\b",
    ),
    Code.DESTINATION_READ_ONLY: ("read-only file ?system", "media is write protected"),
    Code.DESTINATION_GONE: (
        "input/output error",
        "no such device",
        "device not configured",
        "transport endpoint is not connected",
        "stale (nfs )?file handle",
        "device is not ready",
    ),
    Code.REMOTE_RATE_LIMITED: (
        r"\b429\b",
        "too many requests",
        "slowdown",
        "activitylimitreached",
        "rate ?limit",
    ),
    Code.REMOTE_TOO_LARGE: (
        r"\b413\b",
        "entity ?too ?large",
    ),
    Code.REMOTE_LOCKED: (
        r"\b423\b",
        r"\blocked\b",
        "sharing violation",
        "used by another process",
    ),
    Code.REMOTE_MAINTENANCE: (
        r"\b50[234]\b",
        "maintenance",
        "bad gateway",
        "service unavailable",
        "gateway time-?out",
    ),
    Code.REMOTE_SHARE_MISSING: (
        "share name cannot be found",
        "bad_network_name",
        "nosuchbucket",
        "bucket does not exist",
    ),
    Code.REMOTE_NO_RIGHTS: (
        r"\b403\b",
        "forbidden",
        "permission denied",
        "access ?denied",
        "access is denied",
        "operation not permitted",
    ),
    Code.REMOTE_NAME_REFUSED: (
        "invalid character",
        "(file ?)?name (is )?too long",
        "invalid (file ?name|path)",
        r"\b400\b",
        "invalid argument",
    ),
    Code.REMOTE_DAMAGED: (
        "failed to authenticate decrypted block",
        "corrupted on transfer",
        "bad magic",
        "not an encrypted file",
        "file is too short",
        "truncated",
    ),
    Code.REMOTE_TIMED_OUT: (
        "timeout awaiting",
        "deadline exceeded",
        r"client\.timeout",
    ),
    Code.REMOTE_UNREACHABLE: (
        "connection refused",
        "i/o timeout",
        "no route to host",
        "host is down",
        "connectex",
        "dial tcp",
        "couldn't connect",
    ),
    Code.REMOTE_CUT_OFF: (
        "connection lost",
        "connection reset",
        "broken pipe",
        r"\beof\b",
        "closed network",
        "closed idle connection",
        "connection aborted",
        "context canceled",
    ),
}
"""What to look for, without regard to case; plain causes first, since servers quote each other."""

_PATTERNS = tuple(
    (code, re.compile("|".join(words), re.IGNORECASE)) for code, words in _TABLE.items()
)
_MISSING = re.compile(
    r"(object|directory|file|bucket) not found|no such file|\b404\b", re.IGNORECASE
)
_SUFFIX = re.compile(r"\{[\w-]{5}\}")
_LOGIN_IN_ADDRESS = re.compile(r"(?<=://)[^/\s\"'@]*@")
_QUERY = re.compile(r"(https?://[^\s\"'?]*)\?[^\s\"']*")
_HEADER = re.compile(r"(?i)\b(authorization|bearer|basic)[:=\s]+(?:basic |bearer )?[\w.~+/=-]{6,}")
_TOKEN = re.compile(
    r"(?i)\b((?:access|refresh|id)_?token|client_secret)(\"?\s*[=:]\s*\"?)[\w.~+/=!*-]{6,}"
)
_CAUSE_LENGTH = 200


def is_missing(said: str) -> bool:
    """Whether rclone says that a file or folder is not there, and nothing worse."""
    return _MISSING.search(said) is not None and code_of(said) is None


def code_of(said: str) -> Code | None:
    """The cause in rclone's sentence; None when no line of the table fits."""
    for code, pattern in _PATTERNS:
        if pattern.search(said):
            return code
    return None


def known_error(
    said: str, *, destination: str, path: str, secrets: Iterable[str] = ()
) -> KnownError:
    """The failure rclone tells of; REMOTE_FAILED with rclone's own words when none fits."""
    return KnownError(
        code_of(said) or Code.REMOTE_FAILED,
        destination=destination,
        path=path,
        cause=clean(said, secrets),
    )


def clean(said: str, secrets: Iterable[str] = ()) -> str:
    """rclone's words without secrets, short enough for a sentence."""
    for secret in secrets:
        if len(secret) > 2:
            said = said.replace(secret, "…")
    said = _SUFFIX.sub("", said)
    said = _LOGIN_IN_ADDRESS.sub("", said)
    said = _QUERY.sub(r"\1", said)
    said = _HEADER.sub(r"\1 …", said)
    said = _TOKEN.sub(r"\1\2…", said)
    said = said.replace("{", "").replace("}", "")  # Windows sets the names of its errors in them
    said = " ".join(said.split())
    return said if len(said) <= _CAUSE_LENGTH else said[: _CAUSE_LENGTH - 1] + "…"
