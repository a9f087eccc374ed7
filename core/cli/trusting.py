"""`trust`: believe the key a server shows now, in the place of the one it was known by."""

from __future__ import annotations

import argparse

from core.cli.context import Context
from core.copies.opening.reach import where_of
from core.destinations import known_hosts
from core.errors import Exit
from core.plan.locations import SftpLocation


def trust(context: Context, options: argparse.Namespace) -> Exit:
    """Forget the key of a destination's host and meet it anew; its new key is said.

    When the host cannot be reached, it stays forgotten: its next answer is a first one.
    """
    out = context.output
    where = context.reading_plan().destination(options.destination)
    location = where.location
    if not isinstance(location, SftpLocation):
        out.say("„{name}“ weist sich nicht mit einem Schlüssel aus.", name=where.name)
        return Exit.NOTHING_DONE
    known_hosts.forget(context.home, location.host, location.port)
    visit = context.reach().visit(where_of(where))
    visit.close()
    keys = known_hosts.keys_of(context.home, location.host, location.port)
    out.record("trusted", destination=where.id, fingerprints=known_hosts.fingerprints(keys))
    return Exit.OK
