"""Whether there is paper for every key that encrypted copies need: for `status` and `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.cli.context import Context
from core.clock import parse_stamp
from core.errors import Code, KnownError
from core.plan.model import Plan
from core.secrets import SecretStore, pairs
from core.store.home import HomeStore
from core.texts.errors import describe
from core.texts.formats import age


@dataclass(frozen=True, slots=True)
class Paper:
    """The sheets of one key; times as stamps, None for never; no mark when it cannot be read."""

    name: str
    mark: str | None
    prints: int
    printed_at: str | None
    proven_at: str | None


def papers(context: Context, store: HomeStore, plan: Plan) -> Iterator[Paper]:
    """One for each key that opens an encrypted destination of the plan.

    The store of secrets is only asked when there is such a destination; KnownError as it raises.
    """
    encrypted = [where.id for where in plan.destinations if where.encrypted]
    if not encrypted:
        return
    secrets = context.secrets()
    names = {pairs.key_in_use(secrets, id) for id in encrypted}
    proofs = [proof for proof in store.proofs() if proof.kind == "sheet"]
    for name in sorted(name for name in names if name):
        mark = _mark(secrets, name)
        prints = store.prints(mark) if mark else []
        proven = [proof.at for proof in proofs if proof.detail == mark]
        yield Paper(
            name,
            mark,
            len(prints),
            max((made.at for made in prints), default=None),
            max(proven, default=None),
        )


def _mark(secrets: SecretStore, name: str) -> str | None:
    try:
        pair = pairs.read_pair(secrets, name)
    except KnownError as error:
        if error.code is not Code.KEY_UNREADABLE:
            raise
        return None
    return pair.mark if pair else None


def sentence(context: Context, paper: Paper) -> str:
    """One line for people, with the next step when there is one."""
    t, lang, now = context.texts.t, context.texts.lang, context.clock.now()
    if paper.mark is None:
        return describe(context.texts, KnownError(Code.KEY_UNREADABLE, name=paper.name)).sentence
    if paper.proven_at is not None:
        return t(
            "Wiederherstellungsblatt {name}: geprüft {proven}",
            name=paper.name,
            proven=age(parse_stamp(paper.proven_at), now, lang),
        )
    if paper.prints:
        return t(
            "Wiederherstellungsblatt {name}: gedruckt, aber nie geprüft → {program} key prove",
            name=paper.name,
        )
    return t(
        "Wiederherstellungsblatt {name}: noch nie gedruckt → {program} key show",
        name=paper.name,
    )
