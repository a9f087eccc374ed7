"""What buckets answer: Amazon's own shapes, and what is none of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.s3 import answers
from core.s3.answers import BadAnswer, LockSettings, Refused

LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
 <Name>eimer</Name><IsTruncated>true</IsTruncated>
 <NextKeyMarker>laden/a%2Bb%20c</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>
 <DeleteMarker><Key>laden/a%2Bb%20c</Key><VersionId>v3</VersionId><IsLatest>true</IsLatest>
  <LastModified>2026-11-20T03:00:00.000Z</LastModified></DeleteMarker>
 <Version><Key>laden/a%2Bb%20c</Key><VersionId>v2</VersionId><IsLatest>false</IsLatest>
  <LastModified>2026-11-19T03:00:00.000Z</LastModified><ETag>"abc"</ETag><Size>12</Size></Version>
 <CommonPrefixes><Prefix>x</Prefix></CommonPrefixes>
</ListVersionsResult>"""


def test_versions() -> None:
    page = answers.versions_page(LISTING)
    assert page.after == ("laden/a+b c", "v2")
    marker, version = page.versions
    assert (marker.marker, marker.newest, marker.key) == (True, True, "laden/a+b c")
    assert (version.marker, version.newest, version.size, version.etag) == (False, False, 12, "abc")
    assert version.modified == datetime(2026, 11, 19, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (b"", LockSettings(enabled=True)),
        (b"<Mode>GOVERNANCE</Mode><Days>30</Days>", LockSettings(True, "GOVERNANCE", 30)),
        (b"<Mode>COMPLIANCE</Mode><Years>2</Years>", LockSettings(True, "COMPLIANCE", 730)),
    ],
)
def test_lock_settings(rule: bytes, found: LockSettings) -> None:
    inside = b"<Rule><DefaultRetention>" + rule + b"</DefaultRetention></Rule>" if rule else b""
    data = (
        b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
        + inside
        + b"</ObjectLockConfiguration>"
    )
    assert answers.lock_settings(data) == found


def test_refusals_and_reasons() -> None:
    data = (
        b"<DeleteResult><Error><Key>a</Key><VersionId>v</VersionId><Code>AccessDenied</Code>"
        b"</Error></DeleteResult>"
    )
    assert answers.refused(data) == [Refused("a", "v", "AccessDenied")]
    said = b"<Error><Code>NoSuchKey</Code><Message>is not there</Message></Error>"
    assert answers.failure(said) == ("NoSuchKey", "is not there")
    assert answers.failure(b"<html>Willkommen im WLAN") == ("", "")


def test_bodies_survive_any_name() -> None:
    made = answers.delete_body([('a<&>"ü', "v1")])
    assert b"a&lt;&amp;&gt;" in made
    until = datetime(2026, 12, 1, tzinfo=UTC)
    assert b"2026-12-01T00:00:00Z" in answers.retention_body("GOVERNANCE", until)


@given(st.binary(max_size=300))
def test_anything_else_is_no_answer(data: bytes) -> None:
    for read in (answers.versions_page, answers.lock_settings, answers.is_versioned):
        with pytest.raises(BadAnswer):
            read(data)


def test_an_answer_that_would_grow_without_end() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">'
    for one, other in zip("bcdefgh", "abcdefg", strict=True):
        bomb += b'<!ENTITY %c "%s">' % (ord(one), (f"&{other};" * 100).encode())
    bomb += b"]><ListVersionsResult>&h;</ListVersionsResult>"
    with pytest.raises(BadAnswer):
        answers.versions_page(bomb)
