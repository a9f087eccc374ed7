"""The anomaly gate's question, as a person reads it: what happened, what is safe, what to do."""

from __future__ import annotations

from core.cli.output import Output
from core.clock import parse_stamp
from core.copies.backing_up.gate import Question
from core.copies.format import percent
from core.health.question_said import WHAT, reason
from core.texts.formats import date_time, visible


def show(output: Output, asked: Question) -> None:
    """Say it on stdout; in JSON one event `held`."""
    examples = [
        {
            "path": percent.readable(one.path),
            "raw": percent.exact(one.path),
            "what": str(one.what),
        }
        for one in asked.examples
    ]
    facts = asked.facts
    output.record(
        "held",
        system=asked.system,
        mark=asked.mark,
        since=asked.since,
        rule=str(asked.rule),
        files=facts.total,
        changed=facts.changed,
        lost=facts.lost,
        recent=facts.recent,
        heads=facts.heads,
        misfits=facts.misfits,
        canaries=facts.canaries,
        examples=examples,
    )
    texts = output.texts
    output.line()
    output.say(
        "Sind diese Änderungen in „{system}“ gewollt? Angehalten seit {since}.",
        system=asked.system,
        since=date_time(parse_stamp(asked.since), texts.lang),
    )
    output.line("  " + reason(texts, asked.rule, facts))
    for one in asked.examples:
        output.line(f"    {visible(percent.readable(one.path))} ({texts.t(WHAT[one.what])})")
    output.say("  Platten, die nur für die Kopie angeschlossen werden, bleiben unberührt.")
    output.say("  Gelöscht wird nirgends etwas. Die Stände von vorher bleiben alle.")
    output.say(
        "  → Ist alles so gewollt: {program} backup {system} --accept-changes",
        system=asked.system,
    )
    output.say(
        "  → Wenn nicht: Ziehen Sie das Netzwerkkabel, und holen Sie sich Hilfe. „{program}"
        " snapshots {system}“ zeigt den letzten unverdächtigen Stand.",
        system=asked.system,
    )
