"""What a store of secrets can do, and what may be a name and a value in any of them."""

from __future__ import annotations

import re
from typing import Literal, Protocol

from core.errors import Code, KnownError

LONGEST = 64 * 1024
"""Code units of UTF-16; far above every key and token."""

_NAME = re.compile("[a-z0-9][a-z0-9.-]{0,60}")


class SecretStore(Protocol):
    """Names and their values. KnownError SECRET_NAME for what cannot be a name."""

    @property
    def kind(self) -> Literal["keyring", "file"]:
        """Where the values lie."""

    def get(self, name: str) -> str | None:
        """The value; None when there is none."""

    def set(self, name: str, value: str) -> None:
        """Keep a value, in place of an earlier one; KnownError for values that cannot be kept."""

    def forget(self, name: str) -> bool:
        """Delete name and value; whether there was one."""

    def names(self) -> tuple[str, ...]:
        """All names, in order."""


def check_name(name: str) -> None:
    """KnownError SECRET_NAME unless it is a name as in `platte.key`."""
    if not is_name(name):
        raise KnownError(Code.SECRET_NAME, name=name)


def is_name(text: str) -> bool:
    """Whether the text has the form of a name."""
    return _NAME.fullmatch(text) is not None


def check_value(name: str, value: str, *, longest: int = LONGEST) -> None:
    """KnownError for a value that is empty, no text, or longer than `longest` units of UTF-16."""
    if not value.strip():
        raise KnownError(Code.SECRET_EMPTY, name=name)
    try:
        length = len(value.encode("utf-16-le")) // 2
    except UnicodeEncodeError:  # without `from`: the error holds the value
        raise KnownError(Code.SECRET_NOT_TEXT, name=name) from None
    if "\0" in value:  # keyrings cut there
        raise KnownError(Code.SECRET_NOT_TEXT, name=name)
    if length > longest:
        raise KnownError(Code.SECRET_TOO_LONG, name=name, limit=longest)
