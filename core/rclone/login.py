"""Signing in to a cloud account: rclone's questions, the browser, the answers (RCLONE.md §5.4).

rclone asks one question after the other. Most have an answer that we give ourselves; one of them
means "now the person signs in with a browser"; what is left is asked of the person. Everything
waits where it is called: a window calls it in a thread of its own.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.errors import Code, KnownError
from core.rclone import errors
from core.rclone.config_file import SECTION
from core.rclone.session import Session

PATIENCE_SECONDS = 600.0
"""How long a person may take in the browser."""

_LOOK_SECONDS = 0.1
_MOST_QUESTIONS = 40  # rclone asks about five; a loop has to end
_NON_INTERACTIVE = {"nonInteractive": True}


class AccountKind(StrEnum):
    """The services one signs in to with a browser."""

    ONEDRIVE = "onedrive"
    SHAREPOINT = "sharepoint"
    DRIVE = "drive"


@dataclass(frozen=True, slots=True)
class Service:
    """How a service is signed in to: rclone's word for it, our answers to its questions.

    own_client: it only takes a client id of the shop's own. Google withdraws the one that all
    users of rclone share (RCLONE.md §0.9).
    """

    backend: str
    answers: Mapping[str, str]
    own_client: bool = False


SERVICES: Mapping[AccountKind, Service] = {
    AccountKind.ONEDRIVE: Service("onedrive", {"config_type": "onedrive"}),
    AccountKind.SHAREPOINT: Service("onedrive", {"config_type": "url"}),
    AccountKind.DRIVE: Service("drive", {"config_change_team_drive": "false"}, own_client=True),
}
_FOR_ALL = {
    "config_refresh_token": "true",
    "config_drive_ok": "true",
    "client_id_warning": "true",
    "config_shared_client_id": "true",
}
_BROWSER = "config_is_local"
DRIVE = "config_driveid"
"""The question which of several drives is meant."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer: what is told to rclone, and how it is called."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What rclone wants to know and we cannot answer; `name` is rclone's word for it."""

    name: str
    default: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to sign in to. `drive`: the one it was before; only that one may it be again.

    site: address of a SharePoint site. client_secret travels over our own socket only.
    """

    kind: AccountKind
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    drive: str = ""
    site: str = ""

    def parameters(self) -> dict[str, str]:
        """What rclone keeps of it in the account's configuration."""
        given = {"client_id": self.client_id, "client_secret": self.client_secret}
        return {"config_auth_no_browser": "true"} | {key: one for key, one in given.items() if one}

    def answers(self) -> dict[str, str]:
        """Answers that need nobody."""
        ours = {**_FOR_ALL, **SERVICES[self.kind].answers}
        if self.site:
            ours["config_site_url"] = self.site
        return ours


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What came of it: the drive that was chosen and its name, '' where the service has one."""

    drive: str = ""
    label: str = ""


Ask = Callable[[Question], str]
"""Asks the person; KnownError LOGIN_QUESTION where there is nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How the person who signs in is talked to.

    show: gets the link to open in a browser of this PC, once. patience: seconds they may take.
    """

    ask: Ask
    show: Callable[[str], None]
    cancelled: Callable[[], bool]
    patience: float = PATIENCE_SECONDS


@dataclass(slots=True)
class _Login:
    session: Session
    wish: Wish
    name: str
    talk: Talk
    result: SignedIn = field(default_factory=SignedIn)

    def run(self, step: dict[str, Any]) -> SignedIn:
        for _ in range(_MOST_QUESTIONS):
            state = str(step.get("State") or "")
            if not state:
                return self.result
            option = step.get("Option") or {}
            if step.get("Error") and not option:
                raise self._failed(errors.clean(str(step["Error"])))
            if option.get("Name") == _BROWSER:
                step = self._in_browser(state)
            else:
                step = self._answer(state, self._decide(_question(option), str(step.get("Error"))))
        raise self._failed("?")

    def _answer(self, state: str, result: str) -> dict[str, Any]:
        opt = {**_NON_INTERACTIVE, "continue": True, "state": state, "result": result}
        try:
            return self.session.order("config/update", name=SECTION, parameters={}, opt=opt)
        except KnownError as error:
            raise self.told(error) from error

    # -- questions --------------------------------------------------------------------------------

    def _decide(self, question: Question, problem: str) -> str:
        ours = self.wish.answers()
        if question.name == DRIVE:
            return self._drive(question)
        if question.name in ours and not problem:
            return ours[question.name]
        return self.talk.ask(question)

    def _drive(self, question: Question) -> str:
        known = {choice.value: choice.text for choice in question.choices}
        if self.wish.drive:
            if self.wish.drive not in known:
                raise KnownError(Code.LOGIN_OTHER_ACCOUNT, account=self.name)
            chosen = self.wish.drive
        else:
            chosen = question.choices[0].value if len(known) == 1 else self.talk.ask(question)
        self.result = SignedIn(chosen, known.get(chosen, chosen))
        return chosen

    # -- the browser ------------------------------------------------------------------------------

    def _in_browser(self, state: str) -> dict[str, Any]:
        """Wait until the person has signed in, said no, or gone away."""
        came: list[dict[str, Any]] = []
        failed: list[BaseException] = []

        def wait() -> None:
            try:
                came.append(self._answer(state, "true"))
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
                failed.append(error)

        waiting = threading.Thread(target=wait, name="login", daemon=True)
        waiting.start()
        given_up = self._watch(waiting)
        if given_up is not None:
            with contextlib.suppress(KnownError):
                self.session.order("config/oauthstop")
            waiting.join()
            raise given_up
        if failed:
            raise failed[0]
        return came[0]

    def _watch(self, waiting: threading.Thread) -> KnownError | None:
        """Show the link as soon as there is one; why nobody waits any longer, None if it ended."""
        shown = False
        until = time.monotonic() + self.talk.patience
        while waiting.is_alive():
            if self.talk.cancelled():
                return KnownError(Code.CANCELLED)
            if time.monotonic() > until:
                minutes = max(1, round(self.talk.patience / 60))
                return KnownError(Code.LOGIN_TIMED_OUT, account=self.name, minutes=minutes)
            if not shown:
                link = str(self.session.order("config/oauthstatus").get("authUrl") or "")
                if link:
                    shown = True
                    self.talk.show(link)
            waiting.join(_LOOK_SECONDS)
        return None

    # -- what went wrong --------------------------------------------------------------------------

    def told(self, error: KnownError) -> KnownError:
        cause = str(error.params.get("cause", ""))
        found = self._failed(cause) if error.code is not Code.CANCELLED else error
        return found if found.code is not Code.LOGIN_FAILED else self._world(error, cause)

    def _world(self, error: KnownError, cause: str) -> KnownError:
        """The network is to blame, and its own sentence says that better."""
        if error.code in (Code.REMOTE_FAILED, Code.REMOTE_NAME_REFUSED):
            return KnownError(Code.LOGIN_FAILED, account=self.name, cause=cause)
        return error

    def _failed(self, said: str) -> KnownError:
        words = said.lower()
        for code, signs in _SIGNS.items():
            if any(sign in words for sign in signs):
                return KnownError(code, account=self.name)
        return KnownError(Code.LOGIN_FAILED, account=self.name, cause=said)


_SIGNS = {
    Code.LOGIN_PORT_BUSY: (
        "address already in use",
        "failed to start auth webserver",
        "only one usage",
    ),
    Code.LOGIN_REFUSED: ("access_denied", "consent_required", "admin_policy_enforced"),
    Code.LOGIN_CLIENT: ("invalid_client", "unauthorized_client", "redirect_uri_mismatch"),
}


def sign_in(session: Session, wish: Wish, talk: Talk, *, name: str, again: bool) -> SignedIn:
    """Sign in to an account; its token then lies in the configuration of `session`.

    again: the account is there, only its token is asked for anew. When anything fails, a token that
    was there before stays.
    KnownError: LOGIN_REFUSED, LOGIN_TIMED_OUT, LOGIN_CLIENT, LOGIN_PORT_BUSY, LOGIN_OTHER_ACCOUNT,
    LOGIN_FAILED, CANCELLED, what is raised in answering a question, and what the network does.
    """
    login = _Login(session, wish, name, talk)
    try:
        if again:
            first = session.order(
                "config/update", name=SECTION, parameters=wish.parameters(), opt=_NON_INTERACTIVE
            )
        else:
            first = session.order(
                "config/create",
                name=SECTION,
                type=SERVICES[wish.kind].backend,
                parameters=wish.parameters(),
                opt=_NON_INTERACTIVE,
            )
    except KnownError as error:
        raise login.told(error) from error
    return login.run(first)


def _question(option: Mapping[str, Any]) -> Question:
    return Question(
        str(option.get("Name", "")),
        str(option.get("DefaultStr", "")),
        tuple(_choices(option)),
    )


def _choices(option: Mapping[str, Any]) -> Iterator[Choice]:
    for one in option.get("Examples") or ():
        yield Choice(str(one.get("Value", "")), str(one.get("Help", "")))
