"""What the window knows: the last picture of how everything stands, and the job that runs.

Asks core in a helper thread, every minute while somebody looks, and after every job. Pages listen.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from core.clock import Clock
from core.errors import KnownError
from core.health.answer import Do, Task
from core.health.look import Picture, look
from core.health.said import Said, say_picture
from core.paths import Home
from core.texts import Texts
from core.texts.errors import describe
from gui.bridge import Bridge
from gui.jobs.backup_run import RunView, heard
from gui.jobs.port import Ended, Event, Job, Order, Runner

_SECONDS = 60
_SECONDS_HIDDEN = 300


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no picture."""

    sentence: str
    next_step: str


class Shop(QObject):
    """One home as the window sees it.

    Signals: `changed` when picture or trouble are new, `run_changed` while a job goes on and when
    it ends.
    """

    changed = Signal()
    run_changed = Signal()

    def __init__(
        self, home: Home, clock: Clock, texts: Texts, bridge: Bridge, runner: Runner
    ) -> None:
        super().__init__()
        self.home, self.clock, self.bridge, self.runner = home, clock, bridge, runner
        self.texts = texts
        self.picture: Picture | None = None
        self.said: Said | None = None
        self.trouble: Trouble | None = None
        self.run: RunView | None = None
        self._job: Job | None = None
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
        self.bridge.call(lambda: look(self.home, self.clock), self._seen, self._failed)

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

    def _seen(self, picture: Picture) -> None:
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

    def back_up(self, destination: str = "") -> None:
        """Make all copies, or those at one destination."""
        title = self.texts.t("Sicherung läuft")
        to = ("--to", destination) if destination else ()
        self._begin(Order(("backup", *to)), title)

    def do(self, task: Task) -> None:
        """What the button of a step does."""
        if task.do is Do.READ_ALL:
            self._begin(
                Order(("verify", task.destination, "--full")), self.texts.t("Zurücklesen läuft")
            )
        elif task.do is Do.READ_DUE:
            self._begin(
                Order(("verify", task.destination, "--due")), self.texts.t("Nachlesen läuft")
            )
        else:
            self.back_up(task.destination)

    def cancel(self) -> None:
        """Stop the job; what has arrived stays."""
        if self._job is not None:
            self._job.cancel()

    def forget_run(self) -> None:
        """Take the result of the last job out of sight."""
        if not self.is_running:
            self.run = None
            self.run_changed.emit()

    def _begin(self, order: Order, title: str) -> None:
        if self.is_running:
            return
        self.run = RunView(title)
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
