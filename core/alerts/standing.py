"""How warnings by mail stand: what is set up, what was proven to arrive, what waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.alerts import receipts
from core.plan.model import Person, Plan
from core.store.events import EventLog


@dataclass(frozen=True, slots=True)
class MailStanding:
    """people: with an address, in the order of the plan. has_server: the plan names one.

    proven: by the id of a person when it was last proven that mails arrive, None for never.
    waiting: letters the server has not taken yet.
    """

    people: tuple[Person, ...]
    has_server: bool
    proven: Mapping[str, datetime | None]
    waiting: int

    @property
    def warns(self) -> bool:
        """Whether anybody can be warned by mail at all."""
        return self.has_server and bool(self.people)


def mail_standing(log: EventLog, plan: Plan) -> MailStanding:
    """As plan and store have it now."""
    people = tuple(person for person in plan.people if person.email)
    return MailStanding(
        people,
        plan.alerts.smtp is not None,
        {person.id: receipts.proven_at(log, plan, person) for person in people},
        len(log.waiting_letters()),
    )
