"""What can be wrong with a plan, as codes with parameters; sentences are made in `sentences`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import Code, KnownError
from core.plan.model import Plan


class ProblemCode(StrEnum):
    """One code per mistake; the value stands in JSON output."""

    # the text
    NOT_UTF8 = "not_utf8"
    TOO_LARGE = "too_large"
    SYNTAX = "syntax"
    TOO_NEW = "too_new"
    # one key
    UNKNOWN_KEY = "unknown_key"
    MISSING_KEY = "missing_key"
    WRONG_TYPE = "wrong_type"
    WRONG_CHOICE = "wrong_choice"
    WRONG_DURATION = "wrong_duration"
    WRONG_RATE = "wrong_rate"
    WRONG_HOURS = "wrong_hours"
    WRONG_TIME = "wrong_time"
    WRONG_ADDRESS = "wrong_address"
    WRONG_WEB_ADDRESS = "wrong_web_address"
    OUT_OF_RANGE = "out_of_range"
    EMPTY_LIST = "empty_list"
    EMPTY_TEXT = "empty_text"
    LONG_TEXT = "long_text"
    CONTROL_CHARACTER = "control_character"
    BAD_ID = "bad_id"
    DEVICE_NAME = "device_name"
    RELATIVE_PATH = "relative_path"
    WINDOWS_PATH = "windows_path"
    POSIX_PATH = "posix_path"
    DOTTED_PATH = "dotted_path"
    BAD_HOST = "bad_host"
    BAD_ACCOUNT = "bad_account"
    BAD_URL = "bad_url"
    BAD_STORAGE_PATH = "bad_storage_path"
    BAD_SHARE = "bad_share"
    BAD_BUCKET = "bad_bucket"
    BAD_ENDPOINT = "bad_endpoint"
    BAD_REGION = "bad_region"
    BAD_REMOTE = "bad_remote"
    KEEP_NOTHING = "keep_nothing"
    # keys among each other
    DUPLICATE_ID = "duplicate_id"
    UNKNOWN_SYSTEM = "unknown_system"
    UNKNOWN_DESTINATION = "unknown_destination"
    COPY_TWICE = "copy_twice"
    NO_SOURCES = "no_sources"
    NEEDS_REGION = "needs_region"
    NEEDS_ENDPOINT = "needs_endpoint"
    LOCK_SPAN = "lock_span"
    LOCK_TOO_SHORT = "lock_too_short"
    NOT_A_DISK = "not_a_disk"
    SYNCED_NOT_ENCRYPTED = "synced_not_encrypted"
    SYNCED_NOT_BUNDLED = "synced_not_bundled"
    NO_OWNER = "no_owner"
    QUIET_HALF = "quiet_half"
    # the plan and the world
    DESTINATION_IS_SOURCE = "destination_is_source"
    DESTINATION_IN_SOURCE = "destination_in_source"
    SOURCE_IN_DESTINATION = "source_in_destination"
    SAME_FOLDER = "same_folder"
    SAME_FOLDER_IN_TURN = "same_folder_in_turn"
    DESTINATION_IN_COPY = "destination_in_copy"
    COPIES_SHARE = "copies_share"
    SOURCES_OVERLAP = "sources_overlap"
    SOURCE_TWICE = "source_twice"
    HOME_IN_DESTINATION = "home_in_destination"
    DESTINATION_IN_HOME = "destination_in_home"
    HOME_SYNCED = "home_synced"
    HOME_ON_NETWORK = "home_on_network"
    SECRET_MISSING = "secret_missing"
    PASSWORD_MISSING = "password_missing"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: the line it stands on, the key, what it is.

    `key` names systems and destinations by id (`destinations.platte.medium`) where they have a
    valid one, else by position counted from 1 (`destinations[2].id`). `line` is that of the very
    key, of the table that lacks a key, or None for what stands in no file (the home folder).
    """

    line: int | None
    key: str
    code: ProblemCode
    params: dict[str, str] = field(default_factory=dict)


class PlanError(KnownError):
    """The plan cannot be used; `problems` says everything that is wrong with it, in line order.

    `readable` is what could be read all the same (None when nothing): never run it, only judge it.
    """

    def __init__(
        self, problems: Iterable[Problem], *, source: str, readable: Plan | None = None
    ) -> None:
        self.problems = in_order(problems)
        self.source = source
        self.readable = readable
        super().__init__(Code.PLAN_INVALID, path=source, count=len(self.problems))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.problems, self.source, self.readable))


def _rebuild(problems: tuple[Problem, ...], source: str, readable: Plan | None) -> PlanError:
    return PlanError(problems, source=source, readable=readable)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By line, as a person walks through the file; what has no line comes last."""
    return tuple(sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0)))
