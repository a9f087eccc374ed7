"""AWS Signature Version 4 for requests to S3: pure (docs.aws.amazon.com, "Signature Calculations
for the Authorization Header", single chunk).
"""

from __future__ import annotations

import hashlib
import hmac
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key and its secret."""

    access_key: str
    secret: str = field(repr=False)


def quoted(text: str, *, safe: str = "") -> str:
    """Text as S3 wants it in addresses: only letters, digits and `-_.~` stand as they are."""
    return urllib.parse.quote(text, safe=f"-_.~{safe}")


def query_text(query: Sequence[tuple[str, str]]) -> str:
    """A query in the order in which it is signed, which is also how it is sent."""
    return "&".join(f"{quoted(key)}={quoted(value)}" for key, value in sorted(query))


def signed_headers(
    method: str,
    host: str,
    path: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """All headers of a request, with its signature.

    path: already quoted, with `/` in front. headers: what else is sent, names in any case. The
    signature holds for fifteen minutes around `now` by the clock of the service.
    """
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    sent = {key.lower(): " ".join(value.split()) for key, value in headers.items()}
    sent |= {"host": host, "x-amz-content-sha256": digest, "x-amz-date": moment}
    names = ";".join(sorted(sent))
    asked = "\n".join(
        (
            method,
            path,
            query_text(query),
            "".join(f"{name}:{sent[name]}\n" for name in sorted(sent)),
            names,
            digest,
        )
    )
    scope = f"{moment[:8]}/{region}/{_SERVICE}/aws4_request"
    to_sign = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(asked.encode()).hexdigest()))
    key = f"AWS4{credentials.secret}".encode()
    for part in (moment[:8], region, _SERVICE, "aws4_request"):
        key = _hmac(key, part)
    signature = _hmac(key, to_sign).hex()
    sent["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return sent


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
