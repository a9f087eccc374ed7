"""`adopt`: a PC that knows nothing takes over what a copy knows."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.cli.context import Context
from core.copies.adopt import adopt as adopt_copy
from core.errors import Exit


def adopt(context: Context, options: argparse.Namespace) -> Exit:
    """Take over what a copy knows."""
    out = context.output
    with context.desk() as desk:
        found = adopt_copy(desk, Path(options.location).absolute(), take_over=options.take_over)
    out.record(
        "adopted",
        systems=found.systems,
        destination=found.destination,
        states=found.states,
        plan=found.plan,
        proofs=found.proofs,
        writer=found.writer,
    )
    out.say(
        "Übernommen: {systems}, {states}.",
        systems=", ".join(found.systems),
        states=context.texts.n("ein Stand", "{n} Stände", found.states),
    )
    if found.plan == "restored":
        out.say("Der Plan ist wieder da: {path}", path=context.home.plan)
    elif found.plan == "kept":
        out.say("Hier gab es schon einen Plan; er bleibt, wie er ist.")
    else:
        out.say("In der Kopie war kein lesbarer Plan.")
    if not found.writer:
        out.say("Lesen und Zurückholen gehen jetzt. Schreiben darf weiterhin nur der andere PC.")
        out.say(
            "  → Gibt es ihn nicht mehr: {program} adopt {path} --take-over", path=options.location
        )
    return Exit.OK
