"""`canary create`: put canary files into the source folders whose plan allows it."""

from __future__ import annotations

import argparse
import os

from core.cli.context import Context
from core.copies import jobs
from core.copies.backing_up import canary_files
from core.errors import Exit
from core.texts.formats import visible


def canary(context: Context, options: argparse.Namespace) -> Exit:
    """Place canaries; nothing to do when all are there or no source folder is to have any."""
    out = context.output
    system = context.plan().system(options.system)
    wanted = {
        os.fsencode(path) for source in system.sources if source.canaries for path in source.paths
    }
    if not wanted:
        out.say("Im Plan steht bei keinem Ordner von „{system}“: canaries = true", system=system.id)
        out.say("  → Schreiben Sie es unter [[systems.sources]] zu den Ordnern, die gemeint sind.")
        out.record("canaries", system=system.id, placed=[])
        return Exit.NOTHING_DONE
    with context.desk() as desk:
        roots = tuple(r for r in jobs.roots_of(desk.store, system) if r.place in wanted)
        made = canary_files.place(desk.store, system.id, roots, context.clock.now())
    out.record("canaries", system=system.id, placed=made)
    for path in made:
        out.say("Köderdatei angelegt: {path}", path=visible(path))
    if not made:
        out.say("Es sind schon überall Köderdateien.")
        return Exit.NOTHING_DONE
    out.say("Lassen Sie sie liegen, wie sie sind, und sagen Sie es allen im Laden.")
    return Exit.OK
