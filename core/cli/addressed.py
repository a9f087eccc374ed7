"""A place named by its address, and what opens it: for whoever has no plan (any more)."""

from __future__ import annotations

import getpass
import sys

from core.cli.context import Context
from core.cli.secret import ends_at_once
from core.copies.opening.reach import Where
from core.errors import Code, KnownError
from core.plan.addresses import BadAddress, parse_address
from core.plan.locations import Location, folder_of_pc, needs_password


def addressed_place(context: Context, address: str, destination: str) -> tuple[Where, str]:
    """The place that was named, and what opens it; '' where nothing is needed.

    destination: whose kept password opens it; '' asks at a terminal. From now on every place in the
    network is opened with that. KnownError ADDRESS_INVALID, PASSWORD_MISSING.
    """
    try:
        location = parse_address(address)
    except BadAddress:
        raise KnownError(Code.ADDRESS_INVALID, address=address) from None
    if folder_of_pc(location) is not None:
        return Where("", location), ""
    where = Where(destination or location.address, location)
    if destination:
        password = context.secrets().get(f"{destination}.password") or ""
    else:
        password = _ask_password(context, location) if needs_password(location) else ""
    if needs_password(location) and not password:
        raise KnownError(Code.PASSWORD_MISSING, address=location.address)
    context.use_password(password)
    return where, password


def _ask_password(context: Context, location: Location) -> str:
    """The password as typed unseen; '' without a terminal, where nobody can be asked."""
    if sys.stdin is None or not sys.stdin.isatty():
        return ""
    asked = context.texts.t("Kennwort für {address} (unsichtbar): ", address=location.address)
    with ends_at_once():
        try:
            return getpass.getpass(asked)
        except EOFError:
            return ""
