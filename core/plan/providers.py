"""Providers of S3 storage as dated data (resources/catalogue/storage.toml; DOMAIN §1 A20, B10)."""

from __future__ import annotations

import functools
import tomllib
from datetime import date

import msgspec

OWN = "?"
"""In the place of an endpoint: only its owner knows where it answers."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. group: its operator group; seat, parent: '' where nobody has checked yet.

    endpoint: with `{region}` in it where the region decides; '' where rclone knows; `OWN`.
    """

    id: str
    name: str
    rclone: str
    endpoint: str
    group: str
    seat: str
    parent: str
    source: str
    checked: date | None = None

    @property
    def needs_region(self) -> bool:
        """Whether nobody can tell where it answers without the region."""
        return "{region}" in self.endpoint

    @property
    def needs_endpoint(self) -> bool:
        """Whether the plan has to say where it answers."""
        return self.endpoint == OWN


class _Catalogue(msgspec.Struct):
    provider: list[Provider]


@functools.cache
def providers() -> dict[str, Provider]:
    """All providers by their id."""
    from importlib.resources import files  # most plans name none

    text = (files("resources") / "catalogue" / "storage.toml").read_text("utf-8")
    found = msgspec.convert(tomllib.loads(text), _Catalogue)
    return {one.id: one for one in found.provider}
