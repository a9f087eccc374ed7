"""The office: facts become events, events become messages, messages reach people.

The agent holds one and calls `collect` after each run and each hour, `step` once a minute; the
command line does the same by hand (`alerts send`). Both may be called at any time, also by two
processes at once, and after any crash: who is told is decided from what is written down.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import filelock

from core.alerts import digest, ledger, post, rules, telling
from core.alerts.desktop import Desktop
from core.alerts.heartbeat import Beat, SendBeat
from core.alerts.message import Writer, Written, compose
from core.alerts.model import Channel, Finding, Severity, seen_elsewhere
from core.alerts.post import Mailer
from core.clock import Clock, parse_stamp, stamp
from core.copies.backing_up.gate import gate_is_closed
from core.errors import KnownError
from core.health.facts import gather
from core.health.model import SystemVerdict
from core.health.three_two_one import judge
from core.paths import Home, home_failure
from core.plan.model import Person, Plan, Smtp
from core.store.events import EventRow, LetterRow, Telling
from core.store.home import GOOD, HomeStore

BEAT_EVERY = timedelta(hours=1)
BEAT_AGAIN = timedelta(minutes=5)
_KEPT = timedelta(days=400)
_RUNS = timedelta(days=100)
_HAPPENED = timedelta(days=1)
_DIGEST, _BEAT, _BEAT_TRY = "digest", "beat", "beat_try"


@dataclass(frozen=True, slots=True)
class Done:
    """What a step came to. told: messages made. problem: why mails wait, None when none does."""

    told: int = 0
    sent: int = 0
    waiting: int = 0
    problem: KnownError | None = None
    is_busy: bool = False


MakeMailer = Callable[[Smtp], Mailer]


class Office:
    """Tells people what they have to know; all it remembers is in the home's store.

    It belongs to the thread that opened the store. A step may wait for servers for minutes.
    """

    def __init__(
        self,
        home: Home,
        store: HomeStore,
        plan: Plan,
        clock: Clock,
        *,
        writer: Writer,
        mailer: MakeMailer,
        desktop: Desktop,
        send_beat: SendBeat,
    ) -> None:
        self._home = home
        self._store = store
        self._log = store.alerts
        self._plan = plan
        self._clock = clock
        self._writer = writer
        self._make_mailer = mailer
        self._desktop = desktop
        self._send_beat = send_beat

    # -- facts → events ---------------------------------------------------------------------------

    def collect(self, more: Iterable[Finding] = ()) -> list[EventRow]:
        """Look at how things stand and write down what began, grew worse and ended.

        more: what only the caller can see and does not keep in the store, each time as long as it
        lasts. Returns all open events.
        """
        now = self._clock.now()
        verdicts = self._verdicts(now)
        with self._alone() as alone:
            if alone:
                self._remember(verdicts, now)
                found = [*rules.findings(self._sight(verdicts, now)), *self._elsewhere(now), *more]
                found += post.trouble(self._log.waiting_letters(), now)
                with self._log.together():
                    known = self._log.events(ended_since=stamp(now - ledger.COMES_BACK_WITHIN))
                    changes = ledger.reconcile(known, found, now)
                    for row in changes.new:
                        self._log.raise_event(row)
                    for row in changes.changed:
                        self._log.change_event(row)
                self._log.forget_events(ended_before=stamp(now - _KEPT))
                self._log.forget_letters(done_before=stamp(now - _KEPT))
        return self._log.open_events()

    def _elsewhere(self, now: datetime) -> Iterator[Finding]:
        """What the background process wrote down: what lasts, and what happened within a day."""
        yield from seen_elsewhere(self._store.events())
        lately = self._store.events(lasting=False, since=now - _HAPPENED)
        yield from seen_elsewhere(row for row in lately if row.ended == row.noticed)

    def _verdicts(self, now: datetime) -> list[SystemVerdict]:
        return [judge(facts, now) for facts in gather(self._home, self._store, self._plan, now)]

    def _sight(self, verdicts: list[SystemVerdict], now: datetime) -> rules.Sight:
        gates = {}
        for system in self._plan.systems:
            row = self._store.gate(system.id)
            if row is not None and gate_is_closed(self._store, system.id):
                gates[system.id] = parse_stamp(row.since)
        seen = {}
        attached = {}
        for verdict in verdicts:
            for copy in verdict.copies:
                pair = (verdict.facts.system, copy.facts.destination)
                if note := self._log.note(_seen(*pair)):
                    seen[pair] = parse_stamp(note)
                if note := self._log.note(_attached(pair[1])):
                    attached[pair[1]] = parse_stamp(note)
        return rules.Sight(
            verdicts=verdicts,
            runs=self._store.runs(since=now - _RUNS),
            now=now,
            gates=gates,
            seen=seen,
            attached=attached,
        )

    def _remember(self, verdicts: list[SystemVerdict], now: datetime) -> None:
        """Since when we know of each copy, and since when each offline disk has been there."""
        for verdict in verdicts:
            for copy in verdict.copies:
                facts = copy.facts
                self._keep_first(_seen(verdict.facts.system, facts.destination), now)
                name = _attached(facts.destination)
                if facts.offline and facts.reachable:
                    self._keep_first(name, now)
                elif self._log.note(name) is not None:
                    self._log.set_note(name, None)

    def _keep_first(self, name: str, now: datetime) -> None:
        known = self._log.note(name)
        if known is None or parse_stamp(known) > now:
            self._log.set_note(name, stamp(now))

    # -- events → people --------------------------------------------------------------------------

    def step(self, *, at_once: bool = False) -> Done:
        """Decide who is told what, tell them, remember it. at_once: letters wait no longer."""
        with self._alone() as alone:
            if not alone:
                return Done(is_busy=True)
            told = self._tell() + self._tell_week()
            sent, problem = self._deliver(at_once=at_once)
        self._sign_of_life()
        return Done(told, sent, len(self._log.waiting_letters()), problem)

    def _tell(self) -> int:
        now = self._clock.now()
        told_before = self._log.tellings(since=stamp(now - telling.GAP))
        messages = telling.decide(
            self._plan, self._log.open_events(), told_before, now, self._clock.local()
        )
        told = 0
        for message in messages:
            if message.channel is Channel.DESKTOP:
                title, text = self._writer.bubble(message.notices, now)
                urgent = any(one.event.severity == Severity.DANGER for one in message.notices)
                if not self._desktop.show(title, text, urgent=urgent):
                    continue
                letters: list[LetterRow] = []
            elif message.person is not None:
                written = self._writer.alert(message.person, message.notices, now)
                letters = [self._letter("alert", message.person, written, now)]
            else:
                continue
            person = message.person.id if message.person else telling.SCREEN
            self._log.tell(
                (
                    Telling(one.event.id, person, str(message.channel), str(one.stage), stamp(now))
                    for one in message.notices
                ),
                letters,
            )
            told += 1
        return told

    def _tell_week(self) -> int:
        """The weekly summary to everybody with an address; the first one a week after set-up."""
        now, local = self._clock.now(), self._clock.local()
        settings = self._plan.alerts
        this = digest.slot(settings.digest, local)
        last = self._log.note(_DIGEST)
        if this and last is None:
            self._log.set_note(_DIGEST, this)
            return 0
        people = [person for person in self._plan.people if person.email]
        if (
            not digest.is_due(settings.digest, last or "", local)
            or telling.is_quiet(settings, local)
            or settings.smtp is None
            or not people
        ):
            return 0
        week = digest.summary(
            self._verdicts(now),
            self._log.events(ended_since=stamp(now - digest.WEEK)),
            self._store.runs(since=now - _KEPT),
            now,
        )
        letters = [
            self._letter("digest", person, self._writer.digest(person, week, now), now)
            for person in people
        ]
        self._log.tell((), letters, notes={_DIGEST: this})
        return len(letters)

    def _letter(self, kind: str, person: Person, written: Written, now: datetime) -> LetterRow:
        smtp = self._plan.alerts.smtp
        sender = smtp.sender if smtp else person.email
        id = secrets.token_hex(16)
        content = compose(written, person, sender=sender, id=id, now=now)
        return LetterRow(0, kind, person.id, person.email, stamp(now), content)

    def _deliver(self, *, at_once: bool) -> tuple[int, KnownError | None]:
        smtp = self._plan.alerts.smtp
        if smtp is None:
            return 0, None
        return post.deliver(
            self._log, self._plan, self._make_mailer(smtp), self._clock.now(), at_once=at_once
        )

    # -- signs of life ----------------------------------------------------------------------------

    def beat(self, beat: Beat) -> bool:
        """Send a sign of life now, as when a run begins or fails; False when none is wanted."""
        address = self._plan.alerts.heartbeat
        return bool(address) and self._send_beat(address, beat)

    def _sign_of_life(self) -> None:
        """Once an hour, and when things change: all well, or not. Nothing done is not well."""
        if not self._plan.alerts.heartbeat:
            return
        now = self._clock.now()
        bad = any(row.severity != Severity.INFO for row in self._log.open_events())
        beat = Beat.FAIL if bad or not self._has_worked(now) else Beat.SUCCESS
        said, _, at = (self._log.note(_BEAT) or "").partition(" ")
        if said == beat and _within(at, now, BEAT_EVERY):
            return
        if _within(self._log.note(_BEAT_TRY) or "", now, BEAT_AGAIN):
            return
        if self.beat(beat):
            self._log.set_note(_BEAT, f"{beat} {stamp(now)}")
            self._log.set_note(_BEAT_TRY, None)
        else:
            self._log.set_note(_BEAT_TRY, stamp(now))

    def _has_worked(self, now: datetime) -> bool:
        """Whether a run of the last weeks came through having seen files."""
        return any(
            row.status in GOOD and row.files > 0 for row in self._store.runs(since=now - _RUNS)
        )

    # -- helpers ----------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process tells people at this moment."""
        lock = filelock.FileLock(self._home.state / "warnungen.lock", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            yield False
            return
        except OSError as error:
            raise home_failure(self._home.state, error) from error
        try:
            yield True
        finally:
            lock.release()


def _seen(system: str, destination: str) -> str:
    return f"seen {system} {destination}"


def _attached(destination: str) -> str:
    return f"attached {destination}"


def _within(text: str, now: datetime, span: timedelta) -> bool:
    """Whether a stamp lies no further back than that; never for one from the future."""
    return bool(text) and timedelta(0) <= now - parse_stamp(text) < span
