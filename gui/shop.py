"""What the window knows: the last picture of how everything stands, and the job that runs.

Asks core in a helper thread, every minute while somebody looks, and after every job. Pages listen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from core.agent.pausing import Choice, choices
from core.agent.service import After, Service, service_of
from core.alerts.telling import is_quiet
from core.clock import Clock
from core.errors import KnownError
from core.health.answer import FOR_A_PAGE, Do, Task
from core.health.look import Picture, look
from core.health.said import Said, say_picture
from core.paths import Home
from core.plan.read import load_readable
from core.store.home import open_to_look
from core.texts import Texts
from core.texts.errors import describe
from core.texts.service import pause_choice
from gui.bridge import Bridge
from gui.jobs.asking import Done, ask
from gui.jobs.backup_run import RunView, heard
from gui.jobs.port import Ended, Event, Failure, Job, Order, Runner

if TYPE_CHECKING:
    from core.alerts.standing import MailStanding

_SECONDS = 60
_SECONDS_HIDDEN = 300
_PAUSE_WORDS = {
    Choice.HOUR: ("--for", "1h"),
    Choice.CLOSING: ("closing",),
    Choice.TOMORROW: ("tomorrow",),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no picture."""

    sentence: str
    next_step: str


class Shop(QObject):
    """One home as the window sees it.

    service: how the background process stands, None until it was looked at. complaint: why the last
    small thing a person asked for was not done.

    Signals: `changed` when picture or trouble are new, `run_changed` while a job goes on and when
    it ends, `asked` with a task that needs a page of the window.
    """

    changed = Signal()
    run_changed = Signal()
    asked = Signal(object)

    def __init__(
        self, home: Home, clock: Clock, texts: Texts, bridge: Bridge, runner: Runner
    ) -> None:
        super().__init__()
        self.home, self.clock, self.bridge, self.runner = home, clock, bridge, runner
        self.texts = texts
        self.picture: Picture | None = None
        self.said: Said | None = None
        self.service: Service | None = None
        self.trouble: Trouble | None = None
        self.complaint: Trouble | None = None
        self.run: RunView | None = None
        self._job: Job | None = None
        self._last: tuple[Order, str, str] | None = None
        self._asking = False
        self._again = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_SECONDS * 1000)

    # -- facts --------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look again, in a helper thread."""
        if self._asking:
            self._again = True
            return
        self._asking = True
        self.bridge.call(self._look, self._seen, self._failed)

    def is_seen(self, *, seen: bool) -> None:
        """Whether somebody looks: then every minute, else now and then."""
        self._timer.start((_SECONDS if seen else _SECONDS_HIDDEN) * 1000)
        if seen:
            self.refresh()

    def speak(self, texts: Texts) -> None:
        """Say everything in another language."""
        self.texts = texts
        if self.picture is not None:
            self.said = say_picture(self.picture, texts)

    def _look(self) -> tuple[Picture, Service]:
        return look(self.home, self.clock), service_of(self.home)

    def _seen(self, found: tuple[Picture, Service]) -> None:
        picture, self.service = found
        self.picture, self.trouble = picture, None
        self.said = say_picture(picture, self.texts)
        self._settled()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, KnownError):
            words = describe(self.texts, error)
            self.trouble = Trouble(words.sentence, words.next_step)
        else:
            self.trouble = Trouble(
                self.texts.t("Wie alles steht, ließ sich nicht lesen: {kind}", kind=repr(error)),
                self.texts.t("Sehen Sie nach mit: {program} doctor"),
            )
        self._settled()

    def _settled(self) -> None:
        self._asking = False
        self.changed.emit()
        if self._again:
            self._again = False
            self.refresh()

    # -- jobs ---------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether a job of ours goes on."""
        return self._job is not None

    @property
    def state(self) -> str:
        """The state of the shop for mark and tray; `running` only where nothing is amiss."""
        state = str(self.said.state) if self.said else "empty"
        is_working = self.is_running or bool(self.picture and self.picture.is_working)
        return "running" if is_working and state in ("protected", "empty") else state

    def back_up(self, *destinations: str) -> None:
        """Make all copies, or those at these destinations."""
        title = self.texts.t("Sicherung läuft")
        to = [word for one in destinations if one for word in ("--to", one)]
        self._begin(Order(("backup", *to)), title)

    def do(self, task: Task) -> None:
        """What the button of a step does."""
        if task.do in FOR_A_PAGE:
            self.asked.emit(task)
        elif task.do in (Do.READ_ALL, Do.READ_DUE):
            self.verify(task.destination, full=task.do is Do.READ_ALL)
        else:
            self.back_up(task.destination)

    def verify(self, destination: str, *, full: bool) -> None:
        """Read back all that lies at a destination, or what is due there."""
        t = self.texts.t
        depth = "--full" if full else "--due"
        self._begin(
            Order(("verify", destination, depth)),
            t("Zurücklesen läuft") if full else t("Nachlesen läuft"),
            t("Fertig. Alles Gelesene war so, wie es sein soll."),
        )

    def clean_up(self, destination: str) -> None:
        """Let go of the states that the plan does not ask for."""
        t = self.texts.t
        order = Order(("prune", "--to", destination))
        self._begin(order, t("Aufräumen läuft"), t("Fertig. Es ist aufgeräumt."))

    def accept_changes(self, system: str, mark: str) -> None:
        """Go on with a system although much changed; only if it is still the question `mark`."""
        order = Order(("backup", system, "--accept-changes", "--asked", mark))
        self._begin(order, self.texts.t("Sicherung läuft"))

    # -- by itself ----------------------------------------------------------------------------

    @property
    def after(self) -> After | None:
        """Whether copies are made by themselves; None while there is nothing to copy."""
        if self.service is None or self.picture is None or not self.picture.verdicts:
            return None
        return self.service.after

    @property
    def is_paused(self) -> bool:
        """Whether nothing begins by itself for a while."""
        pause = self.picture.pause if self.picture else None
        return pause is not None and self.clock.now() < pause.until

    @property
    def may_tell(self) -> bool:
        """Whether messages may be shown: never against the plan, never in quiet hours."""
        plan = self.picture.plan if self.picture else None
        if plan is None or not plan.alerts.desktop:
            return False
        return not is_quiet(plan.alerts, self.clock.local())

    @property
    def tells_here(self) -> bool:
        """Whether the window itself shows warnings: where no background process does it."""
        return self.may_tell and not (self.service and self.service.runs)

    def pauses(self) -> list[tuple[Choice, str]]:
        """The pauses a person can choose now, in words."""
        plan = self.picture.plan if self.picture else None
        if plan is None:
            return []
        found = choices(plan.schedule, self.clock.now())
        return [(choice, pause_choice(self.texts, choice, end)) for choice, end in found.items()]

    def pause(self, choice: Choice) -> None:
        """Let nothing begin by itself for a while."""
        self.pause_typed(*_PAUSE_WORDS[choice])

    def pause_typed(self, *words: str) -> None:
        """The same, until what a person typed."""
        self.small(("agent", "pause", *words))

    def resume(self) -> None:
        """End the pause."""
        self.small(("agent", "resume"))

    def by_itself(self, *, on: bool) -> None:
        """Have copies made by themselves, now and after each logon; or not any more."""
        first, then = ("install", "start") if on else ("remove", "stop")

        def go_on(exit_code: int, failure: Failure | None) -> None:
            # where nothing runs there is nothing to stop
            if failure is None:
                self.small(("agent", then), but=("agent_absent",))

        self.small(("agent", first), go_on)

    def start_service(self) -> None:
        """Start the background process now."""
        self.small(("agent", "start"))

    def small(
        self,
        words: tuple[str, ...],
        then: Done | None = None,
        *,
        typed: str = "",
        but: tuple[str, ...] = (),
    ) -> None:
        """Have something small done beside what runs; then look again. `but`: no failures."""

        def done(exit_code: int, failure: Failure | None) -> None:
            self.complaint = None
            if failure is not None and failure.code not in but:
                self.complaint = Trouble(failure.sentence, failure.next_step)
            self.changed.emit()
            self.refresh()
            if then is not None:
                then(exit_code, failure)

        ask(self.runner, words, done, typed=typed)

    def forget_complaint(self) -> None:
        """Take it out of sight."""
        self.complaint = None
        self.changed.emit()

    # -- who is warned -------------------------------------------------------------------------

    def look_at_mail(self, done: Callable[[MailStanding | None], object]) -> None:
        """How warnings by mail stand; None where that cannot be read now."""

        def work() -> MailStanding:
            from core.alerts.standing import mail_standing  # with it comes all that sends mail

            plan = load_readable(self.home.plan)
            with contextlib.closing(open_to_look(self.home.database, self.clock)) as store:
                return mail_standing(store.alerts, plan)

        self.bridge.call(work, done, lambda _: done(None))

    def cancel(self) -> None:
        """Stop the job; what has arrived stays."""
        if self._job is not None:
            self._job.cancel()

    def forget_run(self) -> None:
        """Take the result of the last job out of sight."""
        if not self.is_running:
            self.run = None
            self.run_changed.emit()

    def again(self) -> None:
        """Try once more what was begun last."""
        if self._last is not None:
            self._begin(*self._last)

    def _begin(self, order: Order, title: str, done: str = "") -> None:
        if self.is_running:
            return
        self._last = order, title, done
        self.run = RunView(title, done=done)
        self._job = self.runner.start(order, self._heard)
        self.run_changed.emit()

    def _heard(self, event: Event) -> None:
        if self.run is None:
            return
        self.run = heard(self.run, event)
        if isinstance(event, Ended):
            self._job = None
            self.refresh()
        self.run_changed.emit()
