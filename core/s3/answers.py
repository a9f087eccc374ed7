"""What a bucket answers, as plain values: XML in, records out."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET


class BadAnswer(ValueError):
    """Not what a bucket answers: a login page, or half an answer."""


class Version(NamedTuple):
    """One version of an object, or a delete marker: what stands in front of the versions below it.

    newest: what a reader sees who asks for no version. modified: when it came to be, by the clock
    of the service.
    """

    key: str
    id: str
    newest: bool
    marker: bool
    modified: datetime
    size: int = 0
    etag: str = ""


class Page(NamedTuple):
    """Some of the versions, and where to go on: (key, version), None at the end."""

    versions: list[Version]
    after: tuple[str, str] | None


class LockSettings(NamedTuple):
    """Whether a bucket can lock, and what it locks new objects with by itself ('' and 0: not)."""

    enabled: bool
    mode: str = ""
    days: int = 0


class Retention(NamedTuple):
    """The lock of one version: `GOVERNANCE` or `COMPLIANCE`, and its end."""

    mode: str
    until: datetime


class Failure(NamedTuple):
    """What a service calls its reason."""

    code: str
    message: str


class Refused(NamedTuple):
    """A version that was not deleted, and why."""

    key: str
    id: str
    code: str


def versions_page(data: bytes) -> Page:
    """One answer to `GET ?versions`, whose keys are URL-encoded."""
    root = _tree(data, "ListVersionsResult")
    found = []
    for one in root:
        if (kind := _name(one)) not in ("Version", "DeleteMarker"):
            continue
        found.append(
            Version(
                urllib.parse.unquote(_text(one, "Key")),
                _text(one, "VersionId"),
                _text(one, "IsLatest") == "true",
                kind == "DeleteMarker",
                moment(_text(one, "LastModified")),
                int(_text(one, "Size") or 0),
                _text(one, "ETag").strip('"'),
            )
        )
    if _text(root, "IsTruncated") != "true":
        return Page(found, None)
    key = urllib.parse.unquote(_text(root, "NextKeyMarker"))
    return Page(found, (key, _text(root, "NextVersionIdMarker")) if key else None)


def lock_settings(data: bytes) -> LockSettings:
    """An answer to `GET ?object-lock`; who never heard of locks answers with a list of objects."""
    root = _tree(data, "ObjectLockConfiguration", "ListBucketResult")
    enabled = _text(root, "ObjectLockEnabled") == "Enabled"
    for rule in _all(root, "DefaultRetention"):
        years, days = int(_text(rule, "Years") or 0), int(_text(rule, "Days") or 0)
        return LockSettings(enabled, _text(rule, "Mode"), days or 365 * years)
    return LockSettings(enabled)


def is_versioned(data: bytes) -> bool:
    """An answer to `GET ?versioning`; suspended versioning keeps nothing new."""
    return _text(_tree(data, "VersioningConfiguration"), "Status") == "Enabled"


def refused(data: bytes) -> list[Refused]:
    """An answer to `POST ?delete` in quiet mode: what was not deleted."""
    return [
        Refused(_text(one, "Key"), _text(one, "VersionId"), _text(one, "Code"))
        for one in _tree(data, "DeleteResult")
        if _name(one) == "Error"
    ]


def failure(data: bytes) -> Failure:
    """The reason of a refusal; empty when nothing like it was said."""
    try:
        root = _tree(data, "Error")
    except BadAnswer:
        return Failure("", "")
    return Failure(_text(root, "Code"), _text(root, "Message"))


def retention_body(mode: str, until: datetime) -> bytes:
    """What `PUT ?retention` takes."""
    made = ET.Element("Retention", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
    ET.SubElement(made, "Mode").text = mode
    ET.SubElement(made, "RetainUntilDate").text = retain_until(until)
    return _bytes(made)


def delete_body(pairs: Sequence[tuple[str, str]]) -> bytes:
    """What `POST ?delete` takes: keys with the version of each."""
    made = ET.Element("Delete", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
    ET.SubElement(made, "Quiet").text = "true"
    for key, version in pairs:
        one = ET.SubElement(made, "Object")
        ET.SubElement(one, "Key").text = key
        ET.SubElement(one, "VersionId").text = version
    return _bytes(made)


def retain_until(until: datetime) -> str:
    """A moment as locks name their end."""
    return until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """`2026-11-21T03:00:00.000Z`; BadAnswer when it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadAnswer(text) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _tree(data: bytes, *roots: str) -> ET.Element:
    # expat from 2.4.1 on ends answers that grow when they are read; who asks limits their bytes.
    try:
        found = ET.fromstring(data)  # noqa: S314
    except ET.ParseError:
        raise BadAnswer(data[:80].decode("utf-8", "replace")) from None
    if _name(found) not in roots:
        raise BadAnswer(_name(found))
    return found


def _name(one: ET.Element) -> str:
    return one.tag.rpartition("}")[2]


def _all(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in root.iter() if _name(one) == name)


def _text(root: ET.Element, name: str) -> str:
    """The text of the first element of this name right below `root`, or of `root`'s rule."""
    return next(((one.text or "").strip() for one in root if _name(one) == name), "")


def _bytes(made: ET.Element) -> bytes:
    text: bytes = ET.tostring(made, encoding="utf-8", xml_declaration=True)
    return text
