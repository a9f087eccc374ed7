"""What every verb gets: home, clock, output, and the plan when it asks for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.cli.output import Output
from core.clock import Clock
from core.destinations.line import Line
from core.errors import KnownError
from core.paths import Home
from core.plan.check import judge_plan, surroundings
from core.plan.limits import Limits
from core.plan.model import Copy, Plan
from core.plan.problems import PlanError
from core.plan.read import load_readable, load_text
from core.texts import Texts

if TYPE_CHECKING:
    from core.copies.desk import Desk
    from core.copies.opening.reach import Reach
    from core.rclone.accounts import Accounts
    from core.secrets import SecretStore
    from core.secrets.recovery import Pair


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one command."""

    home: Home
    clock: Clock
    output: Output
    texts: Texts
    cancelled: Callable[[], bool]
    passphrase: str = field(default="", repr=False)
    _password: list[str] = field(default_factory=list, repr=False)
    _store: list[SecretStore] = field(default_factory=list, repr=False)
    _reach: list[Reach] = field(default_factory=list, repr=False)
    _line: list[Line] = field(default_factory=list, repr=False)

    def secrets(self) -> SecretStore:
        """The store of secrets, chosen at the first call; KnownError when none can be used."""
        if not self._store:
            from core.secrets import choose_store  # most plans have no secrets

            self._store.append(choose_store(self.home, self.passphrase))
        return self._store[0]

    def begin_to_open(self) -> None:
        """Have the passphrase's key made while the verb is loaded, where there is something to
        open with it. It takes a quarter of a second.
        """
        if not self.passphrase:
            return  # a keyring has nothing to derive
        from core.secrets.sealed_file import SealedFileStore

        store = self.secrets()
        if isinstance(store, SealedFileStore):
            store.begin()

    def plan_text(self) -> str:
        """The text of the plan; KnownError PLAN_MISSING."""
        return load_text(self.home.plan)

    def plan(
        self,
        text: str | None = None,
        source: str | None = None,
        *,
        to: Collection[str] = (),
    ) -> Plan:
        """The plan, judged whole; PlanError names everything that is wrong.

        The store of secrets is only asked for encrypted destinations and those in the network, and
        where `to` names destinations, for these. When it fails, that is said after all that is
        wrong with the plan.
        """
        text = self.plan_text() if text is None else text
        source = source or str(self.home.plan)
        failures: list[KnownError] = []

        def have_secret(name: str) -> bool:
            if to and name.rpartition(".")[0] not in to:
                return True  # what opens others must not hold these up
            try:
                return bool(failures) or self._has_secret(name)
            except KnownError as error:
                failures.append(error)
                return True

        around = surroundings(self.home, have_secret)
        judgement = judge_plan(text, source=source, around=around)
        if judgement.problems or judgement.plan is None:
            raise PlanError(judgement.problems, source=source)
        if failures:
            raise failures[0]
        return self._known(judgement.plan)

    def _has_secret(self, name: str) -> bool:
        """Whether there is a secret of this name; instead of a destination's own recovery lines
        those of the shop do, which open all.
        """
        from core.secrets.pairs import SHOP_KEY

        if not name.endswith(".key"):
            return self.secrets().get(name) is not None
        return any(self.secrets().get(one) is not None for one in (name, SHOP_KEY))

    def _known(self, plan: Plan) -> Plan:
        """The plan, its disks where they are now, its names from now on in all messages."""
        self.output.names = {where.id: where.name for where in plan.destinations}
        if not any(where.comes_and_goes for where in plan.destinations):
            return plan  # most need none of this
        from core.copies.opening.elsewhere import plan_of_home_now

        return plan_of_home_now(plan, self.home.database, self.clock)

    def reading_plan(self) -> Plan:
        """The plan as far as it can be read (`load_readable`)."""
        return self._known(load_readable(self.home.plan))

    @contextlib.contextmanager
    def desk(self, plan: Plan | None = None, copies: Iterable[Copy] = ()) -> Iterator[Desk]:
        """A desk with the lock held: where these copies of the plan lie, else of the whole home."""
        from core.copies.jobs import open_desk  # only jobs need it: most verbs just look

        at = None if plan is None else [plan.destination(copy.destination) for copy in copies]
        with open_desk(
            self.home, self.clock, self.output, self.cancelled, self.reach(), at
        ) as desk:
            yield desk

    def reach(self) -> Reach:
        """What opens copies; those still open are closed with `close`."""
        from core.copies.opening.reach import Reach

        if not self._reach:
            made = Reach(
                self.home,
                self._pair_of,
                self.cancelled,
                pairs=self._pairs,
                password_of=self._password_of,
                tell=self.output,
                line=self._shared_line,
                accounts=self.accounts,
                clock=self.clock,
            )
            self._reach.append(made)
        return self._reach[0]

    def accounts(self) -> Accounts:
        """The clouds this home signed in to."""
        from core.rclone.accounts import Accounts

        return Accounts(self.home, self.secrets)

    def _shared_line(self) -> Line:
        """What all that send into the network share, as the plan limits it."""
        if not self._line:
            try:
                limits = self.reading_plan().limits
            except KnownError:  # a bare PC that brings data back has no plan yet
                limits = Limits()
            self._line.append(Line(limits, self.clock, self.home.cache / "leitung"))
        return self._line[0]

    def _pairs(self) -> list[Pair]:
        from core.secrets.pairs import all_pairs

        return all_pairs(self.secrets())

    def use_password(self, password: str) -> None:
        """Open every place in the network with this one, whatever is kept."""
        self._password.append(password)

    def _password_of(self, destination: str) -> str:
        if self._password:
            return self._password[-1]
        return self.secrets().get(f"{destination}.password") or ""

    def _pair_of(self, destination: str) -> Pair:
        from core.secrets.pairs import pair_of

        return pair_of(self.secrets(), destination)

    def close(self) -> None:
        """Let go of whatever the command opened."""
        for reach in self._reach:
            reach.close()
        for line in self._line:
            line.close()
