"""Signs of life to a service that raises the alarm when they stop (healthchecks and its like).

The service is for the one case we cannot tell anybody: that we are dead. GET on the address means
"alive and well", `…/start` "a run begins", `…/fail` "something is wrong". A sign that did not get
through is not sent later: it would lie.
"""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from core import VERSION

TIME_LIMIT = 10.0


class Beat(StrEnum):
    """What a sign of life says."""

    START = "start"
    SUCCESS = "success"
    FAIL = "fail"


SendBeat = Callable[[str, Beat], bool]
"""Whether the sign got through to the address."""


def send_beat(address: str, beat: Beat) -> bool:
    """Send a sign of life; never raises, never says where to: the address is half a secret."""
    request = urllib.request.Request(  # noqa: S310 - the plan takes http and https only
        beat_address(address, beat), headers={"User-Agent": f"Ladentresor/{VERSION}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIME_LIMIT) as answer:  # noqa: S310
            return bool(200 <= answer.status < 300)
    except (OSError, ValueError, http.client.HTTPException):
        return False


def beat_address(address: str, beat: Beat) -> str:
    """`…/start` and `…/fail` before what stands behind a question mark; the address for success."""
    if beat is Beat.SUCCESS:
        return address
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{beat}"))
