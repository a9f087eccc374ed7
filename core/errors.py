"""Typed failures: what can go wrong in the world, as codes with parameters.

A `KnownError` is the world's fault (disk full, wrong folder, damaged file). Its sentence, what is
at risk and the next step are made at the edge by `core.texts`, in the reader's language. Anything
else that is raised is our bug and ends in a copyable report.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """Exit codes of the command line, one per class of outcome (docs/cli.md)."""

    OK = 0
    BUG = 1
    USAGE = 2
    PARTLY = 3
    NOTHING_DONE = 4
    PLAN_INVALID = 5
    LOCKED = 6
    DESTINATION_UNREACHABLE = 7
    INTEGRITY = 8
    HELD_BY_GATE = 9
    SOURCE_PROBLEM = 10
    DESTINATION_FULL = 11
    DESTINATION_REFUSED = 12
    NOT_FOUND = 13
    SECRET_PROBLEM = 14
    HOME_PROBLEM = 15
    TARGET_NOT_EMPTY = 16
    NEWER_FORMAT = 17
    PROGRAM_PROBLEM = 18
    ALERT_PROBLEM = 19
    CANCELLED = 130


class Code(StrEnum):
    """One code per cause a person can meet. The value stands in logs, JSON and reports."""

    PLAN_MISSING = "plan_missing"
    PLAN_FILE_MISSING = "plan_file_missing"
    PLAN_INVALID = "plan_invalid"
    PLAN_CHANGED = "plan_changed"
    HOME_LOCKED = "home_locked"
    HOME_FULL = "home_full"
    HOME_UNUSABLE = "home_unusable"
    HOME_NEWER = "home_newer"
    SOURCE_MISSING = "source_missing"
    SOURCE_EMPTY = "source_empty"
    SOURCE_REPLACED = "source_replaced"
    SOURCE_UNREADABLE = "source_unreadable"
    DESTINATION_MISSING = "destination_missing"
    DESTINATION_GONE = "destination_gone"
    DESTINATION_FULL = "destination_full"
    DESTINATION_READ_ONLY = "destination_read_only"
    DESTINATION_REFUSED = "destination_refused"
    DESTINATION_FOREIGN = "destination_foreign"
    DESTINATION_NOT_OURS = "destination_not_ours"
    DESTINATION_EMPTIED = "destination_emptied"
    DESTINATION_WRITER = "destination_writer"
    COPY_DAMAGED = "copy_damaged"
    COPY_MARKER_DAMAGED = "copy_marker_damaged"
    COPY_NEWER_FORMAT = "copy_newer_format"
    COPY_HOSTILE = "copy_hostile"
    COPY_NOT_FOUND = "copy_not_found"
    ADDRESS_INVALID = "address_invalid"
    PASSWORD_MISSING = "password_missing"
    COPY_IS_ENCRYPTED = "copy_is_encrypted"
    COPY_NOT_ENCRYPTED = "copy_not_encrypted"
    KEY_WRONG = "key_wrong"
    READ_BACK_DIFFERS = "read_back_differs"
    PRUNE_STOPPED = "prune_stopped"
    GIVE_UP_WHERE = "give_up_where"
    STATE_NOT_FOUND = "state_not_found"
    PATH_NOT_FOUND = "path_not_found"
    TARGET_NOT_EMPTY = "target_not_empty"
    TARGET_IN_USE = "target_in_use"
    TARGET_FULL = "target_full"
    TARGET_REFUSED = "target_refused"
    SYSTEM_UNKNOWN = "system_unknown"
    DESTINATION_UNKNOWN = "destination_unknown"
    COPY_UNKNOWN = "copy_unknown"
    REMOTE_UNREACHABLE = "remote_unreachable"
    REMOTE_OFFLINE = "remote_offline"
    REMOTE_TIMED_OUT = "remote_timed_out"
    REMOTE_CUT_OFF = "remote_cut_off"
    REMOTE_PORTAL = "remote_portal"
    REMOTE_RATE_LIMITED = "remote_rate_limited"
    REMOTE_MAINTENANCE = "remote_maintenance"
    REMOTE_SHARE_MISSING = "remote_share_missing"
    REMOTE_LOGIN = "remote_login"
    REMOTE_LOGIN_EXPIRED = "remote_login_expired"
    REMOTE_HOST_KEY = "remote_host_key"
    REMOTE_CLOCK = "remote_clock"
    REMOTE_CERTIFICATE = "remote_certificate"
    REMOTE_PROTOCOL = "remote_protocol"
    REMOTE_NO_RIGHTS = "remote_no_rights"
    REMOTE_LOCKED = "remote_locked"
    REMOTE_TOO_LARGE = "remote_too_large"
    REMOTE_NAME_REFUSED = "remote_name_refused"
    REMOTE_QUOTA = "remote_quota"
    REMOTE_DAMAGED = "remote_damaged"
    REMOTE_LARGER = "remote_larger"
    REMOTE_FAILED = "remote_failed"
    LOCK_NO_BUCKET = "lock_no_bucket"
    LOCK_NO_RIGHTS = "lock_no_rights"
    LOCK_NOT_KEPT = "lock_not_kept"
    PAST_NOT_KEPT = "past_not_kept"
    PAST_IS_PAST = "past_is_past"
    ACCOUNT_BUSY = "account_busy"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_EXISTS = "account_exists"
    ACCOUNT_NAME = "account_name"
    ACCOUNT_NEEDS_CLIENT = "account_needs_client"
    ACCOUNT_DAMAGED = "account_damaged"
    LOGIN_REFUSED = "login_refused"
    LOGIN_TIMED_OUT = "login_timed_out"
    LOGIN_CLIENT = "login_client"
    LOGIN_PORT_BUSY = "login_port_busy"
    LOGIN_OTHER_ACCOUNT = "login_other_account"
    LOGIN_QUESTION = "login_question"
    LOGIN_FAILED = "login_failed"
    RCLONE_MISSING = "rclone_missing"
    RCLONE_VERSION = "rclone_version"
    RCLONE_DIED = "rclone_died"
    HELD_BY_GATE = "held_by_gate"
    SECRET_STORE_MISSING = "secret_store_missing"
    SECRET_WRONG_PASSPHRASE = "secret_wrong_passphrase"
    SECRET_MISSING = "secret_missing"
    SECRET_NAME = "secret_name"
    SECRET_EMPTY = "secret_empty"
    SECRET_NOT_TEXT = "secret_not_text"
    SECRET_TOO_LONG = "secret_too_long"
    SECRET_STORE_DAMAGED = "secret_store_damaged"
    KEY_EXISTS = "key_exists"
    KEY_MISSING = "key_missing"
    KEY_UNREADABLE = "key_unreadable"
    KEY_MISTYPED = "key_mistyped"
    KEY_OPENS_NOTHING = "key_opens_nothing"
    KEY_OLD = "key_old"
    SHEET_EXPOSED = "sheet_exposed"
    SHEET_NOT_WRITTEN = "sheet_not_written"
    MAIL_NOT_SET_UP = "mail_not_set_up"
    MAIL_SECRET_MISSING = "mail_secret_missing"
    MAIL_UNREACHABLE = "mail_unreachable"
    MAIL_CERTIFICATE = "mail_certificate"
    MAIL_NOT_ENCRYPTED = "mail_not_encrypted"
    MAIL_LOGIN = "mail_login"
    MAIL_LATER = "mail_later"
    MAIL_REFUSED = "mail_refused"
    MAIL_CODE_WRONG = "mail_code_wrong"
    ALERT_UNKNOWN = "alert_unknown"
    PERSON_UNKNOWN = "person_unknown"
    EXPORT_NOT_WRITTEN = "export_not_written"
    NOT_IN_THIS_VERSION = "not_in_this_version"
    AGENT_RUNNING = "agent_running"
    AGENT_ABSENT = "agent_absent"
    AGENT_VERSION = "agent_version"
    AGENT_LOST = "agent_lost"
    NEEDS_LOGON = "needs_logon"
    AUTOSTART_FAILED = "autostart_failed"
    PAUSE_TIME = "pause_time"
    PAUSE_NOT_OPEN = "pause_not_open"
    CANCELLED = "cancelled"


EXIT_OF: dict[Code, Exit] = {
    Code.PLAN_MISSING: Exit.PLAN_INVALID,
    Code.PLAN_FILE_MISSING: Exit.PLAN_INVALID,
    Code.PLAN_INVALID: Exit.PLAN_INVALID,
    Code.PLAN_CHANGED: Exit.LOCKED,
    Code.HOME_LOCKED: Exit.LOCKED,
    Code.HOME_FULL: Exit.HOME_PROBLEM,
    Code.HOME_UNUSABLE: Exit.HOME_PROBLEM,
    Code.HOME_NEWER: Exit.NEWER_FORMAT,
    Code.SOURCE_MISSING: Exit.SOURCE_PROBLEM,
    Code.SOURCE_EMPTY: Exit.SOURCE_PROBLEM,
    Code.SOURCE_REPLACED: Exit.SOURCE_PROBLEM,
    Code.SOURCE_UNREADABLE: Exit.SOURCE_PROBLEM,
    Code.DESTINATION_MISSING: Exit.DESTINATION_UNREACHABLE,
    Code.DESTINATION_GONE: Exit.DESTINATION_UNREACHABLE,
    Code.DESTINATION_FULL: Exit.DESTINATION_FULL,
    Code.DESTINATION_READ_ONLY: Exit.DESTINATION_REFUSED,
    Code.DESTINATION_REFUSED: Exit.DESTINATION_REFUSED,
    Code.DESTINATION_FOREIGN: Exit.DESTINATION_REFUSED,
    Code.DESTINATION_NOT_OURS: Exit.DESTINATION_REFUSED,
    Code.DESTINATION_EMPTIED: Exit.DESTINATION_UNREACHABLE,
    Code.DESTINATION_WRITER: Exit.DESTINATION_REFUSED,
    Code.COPY_DAMAGED: Exit.INTEGRITY,
    Code.COPY_MARKER_DAMAGED: Exit.INTEGRITY,
    Code.COPY_NEWER_FORMAT: Exit.NEWER_FORMAT,
    Code.COPY_HOSTILE: Exit.INTEGRITY,
    Code.COPY_NOT_FOUND: Exit.NOT_FOUND,
    Code.ADDRESS_INVALID: Exit.USAGE,
    Code.PASSWORD_MISSING: Exit.SECRET_PROBLEM,
    Code.COPY_IS_ENCRYPTED: Exit.DESTINATION_REFUSED,
    Code.COPY_NOT_ENCRYPTED: Exit.DESTINATION_REFUSED,
    Code.KEY_WRONG: Exit.SECRET_PROBLEM,
    Code.READ_BACK_DIFFERS: Exit.INTEGRITY,
    Code.PRUNE_STOPPED: Exit.INTEGRITY,
    Code.GIVE_UP_WHERE: Exit.USAGE,
    Code.STATE_NOT_FOUND: Exit.NOT_FOUND,
    Code.PATH_NOT_FOUND: Exit.NOT_FOUND,
    Code.TARGET_NOT_EMPTY: Exit.TARGET_NOT_EMPTY,
    Code.TARGET_IN_USE: Exit.TARGET_NOT_EMPTY,
    Code.TARGET_FULL: Exit.DESTINATION_FULL,
    Code.TARGET_REFUSED: Exit.DESTINATION_REFUSED,
    Code.SYSTEM_UNKNOWN: Exit.NOT_FOUND,
    Code.DESTINATION_UNKNOWN: Exit.NOT_FOUND,
    Code.COPY_UNKNOWN: Exit.NOT_FOUND,
    Code.REMOTE_UNREACHABLE: Exit.DESTINATION_UNREACHABLE,
    Code.REMOTE_OFFLINE: Exit.DESTINATION_UNREACHABLE,
    Code.REMOTE_TIMED_OUT: Exit.DESTINATION_UNREACHABLE,
    Code.REMOTE_CUT_OFF: Exit.DESTINATION_UNREACHABLE,
    Code.REMOTE_PORTAL: Exit.DESTINATION_UNREACHABLE,
    Code.REMOTE_RATE_LIMITED: Exit.DESTINATION_UNREACHABLE,
    Code.REMOTE_MAINTENANCE: Exit.DESTINATION_UNREACHABLE,
    Code.REMOTE_SHARE_MISSING: Exit.DESTINATION_UNREACHABLE,
    Code.REMOTE_LOGIN: Exit.SECRET_PROBLEM,
    Code.REMOTE_LOGIN_EXPIRED: Exit.SECRET_PROBLEM,
    Code.REMOTE_HOST_KEY: Exit.DESTINATION_REFUSED,
    Code.REMOTE_CLOCK: Exit.DESTINATION_REFUSED,
    Code.REMOTE_CERTIFICATE: Exit.DESTINATION_REFUSED,
    Code.REMOTE_PROTOCOL: Exit.DESTINATION_REFUSED,
    Code.REMOTE_NO_RIGHTS: Exit.DESTINATION_REFUSED,
    Code.REMOTE_LOCKED: Exit.DESTINATION_REFUSED,
    Code.REMOTE_TOO_LARGE: Exit.DESTINATION_REFUSED,
    Code.REMOTE_NAME_REFUSED: Exit.DESTINATION_REFUSED,
    Code.REMOTE_QUOTA: Exit.DESTINATION_FULL,
    Code.REMOTE_DAMAGED: Exit.INTEGRITY,
    Code.REMOTE_LARGER: Exit.INTEGRITY,
    Code.REMOTE_FAILED: Exit.DESTINATION_REFUSED,
    Code.LOCK_NO_BUCKET: Exit.DESTINATION_REFUSED,
    Code.LOCK_NO_RIGHTS: Exit.DESTINATION_REFUSED,
    Code.LOCK_NOT_KEPT: Exit.DESTINATION_REFUSED,
    Code.PAST_NOT_KEPT: Exit.USAGE,
    Code.PAST_IS_PAST: Exit.USAGE,
    Code.ACCOUNT_BUSY: Exit.LOCKED,
    Code.ACCOUNT_UNKNOWN: Exit.NOT_FOUND,
    Code.ACCOUNT_EXISTS: Exit.SECRET_PROBLEM,
    Code.ACCOUNT_NAME: Exit.USAGE,
    Code.ACCOUNT_NEEDS_CLIENT: Exit.SECRET_PROBLEM,
    Code.ACCOUNT_DAMAGED: Exit.SECRET_PROBLEM,
    Code.LOGIN_REFUSED: Exit.SECRET_PROBLEM,
    Code.LOGIN_TIMED_OUT: Exit.SECRET_PROBLEM,
    Code.LOGIN_CLIENT: Exit.SECRET_PROBLEM,
    Code.LOGIN_PORT_BUSY: Exit.SECRET_PROBLEM,
    Code.LOGIN_OTHER_ACCOUNT: Exit.SECRET_PROBLEM,
    Code.LOGIN_QUESTION: Exit.SECRET_PROBLEM,
    Code.LOGIN_FAILED: Exit.SECRET_PROBLEM,
    Code.RCLONE_MISSING: Exit.PROGRAM_PROBLEM,
    Code.RCLONE_VERSION: Exit.PROGRAM_PROBLEM,
    Code.RCLONE_DIED: Exit.PROGRAM_PROBLEM,
    Code.HELD_BY_GATE: Exit.HELD_BY_GATE,
    Code.SECRET_STORE_MISSING: Exit.SECRET_PROBLEM,
    Code.SECRET_WRONG_PASSPHRASE: Exit.SECRET_PROBLEM,
    Code.SECRET_MISSING: Exit.SECRET_PROBLEM,
    Code.SECRET_NAME: Exit.SECRET_PROBLEM,
    Code.SECRET_EMPTY: Exit.SECRET_PROBLEM,
    Code.SECRET_NOT_TEXT: Exit.SECRET_PROBLEM,
    Code.SECRET_TOO_LONG: Exit.SECRET_PROBLEM,
    Code.SECRET_STORE_DAMAGED: Exit.SECRET_PROBLEM,
    Code.KEY_EXISTS: Exit.SECRET_PROBLEM,
    Code.KEY_MISSING: Exit.SECRET_PROBLEM,
    Code.KEY_UNREADABLE: Exit.SECRET_PROBLEM,
    Code.KEY_MISTYPED: Exit.SECRET_PROBLEM,
    Code.KEY_OPENS_NOTHING: Exit.SECRET_PROBLEM,
    Code.KEY_OLD: Exit.SECRET_PROBLEM,
    Code.SHEET_EXPOSED: Exit.DESTINATION_REFUSED,
    Code.SHEET_NOT_WRITTEN: Exit.DESTINATION_REFUSED,
    Code.MAIL_NOT_SET_UP: Exit.ALERT_PROBLEM,
    Code.MAIL_SECRET_MISSING: Exit.SECRET_PROBLEM,
    Code.MAIL_UNREACHABLE: Exit.ALERT_PROBLEM,
    Code.MAIL_CERTIFICATE: Exit.ALERT_PROBLEM,
    Code.MAIL_NOT_ENCRYPTED: Exit.ALERT_PROBLEM,
    Code.MAIL_LOGIN: Exit.SECRET_PROBLEM,
    Code.MAIL_LATER: Exit.ALERT_PROBLEM,
    Code.MAIL_REFUSED: Exit.ALERT_PROBLEM,
    Code.MAIL_CODE_WRONG: Exit.ALERT_PROBLEM,
    Code.ALERT_UNKNOWN: Exit.NOT_FOUND,
    Code.PERSON_UNKNOWN: Exit.NOT_FOUND,
    Code.EXPORT_NOT_WRITTEN: Exit.DESTINATION_REFUSED,
    Code.NOT_IN_THIS_VERSION: Exit.USAGE,
    Code.AGENT_RUNNING: Exit.LOCKED,
    Code.AGENT_ABSENT: Exit.NOT_FOUND,
    Code.AGENT_VERSION: Exit.PROGRAM_PROBLEM,
    Code.AGENT_LOST: Exit.PROGRAM_PROBLEM,
    Code.NEEDS_LOGON: Exit.PROGRAM_PROBLEM,
    Code.AUTOSTART_FAILED: Exit.PROGRAM_PROBLEM,
    Code.PAUSE_TIME: Exit.USAGE,
    Code.PAUSE_NOT_OPEN: Exit.USAGE,
    Code.CANCELLED: Exit.CANCELLED,
}


class KnownError(Exception):
    """A failure of the world with a code; `params` (plain str or int) fill its sentence."""

    def __init__(self, code: Code, **params: str | int) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    @property
    def exit(self) -> Exit:
        """The exit code of the command line for this failure."""
        return EXIT_OF[self.code]

    def __str__(self) -> str:
        return f"{self.code}: {self.params}"

    def __reduce__(self) -> tuple[object, ...]:
        """Make the error travel whole between our processes (worker → run)."""
        return (_rebuild, (str(self.code), self.params))


def _rebuild(code: str, params: dict[str, str | int]) -> KnownError:
    return KnownError(Code(code), **params)
