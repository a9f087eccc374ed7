"""Signature Version 4: by Amazon's own example, and by what botocore makes of anything else."""

from __future__ import annotations

import urllib.parse
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.s3.place import BucketPlace
from core.s3.signing import Credentials, query_text, signed_headers

NOW = datetime(2013, 5, 24, tzinfo=UTC)
EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def test_amazons_example() -> None:
    """docs.aws.amazon.com, "Examples: Signature Calculations", GET Object."""
    made = signed_headers(
        "GET",
        "examplebucket.s3.amazonaws.com",
        "/test.txt",
        (),
        {"Range": "bytes=0-9"},
        b"",
        credentials=EXAMPLE,
        region="us-east-1",
        now=NOW,
    )
    assert made["authorization"].endswith(
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_amazons_example_with_a_query() -> None:
    """The same page, "GET Bucket Lifecycle": a name in the query without a value."""
    made = signed_headers(
        "GET",
        "examplebucket.s3.amazonaws.com",
        "/",
        (("lifecycle", ""),),
        {},
        b"",
        credentials=EXAMPLE,
        region="us-east-1",
        now=NOW,
    )
    assert made["authorization"].endswith(
        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    )


_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=30
)


@settings(max_examples=60)
@given(st.lists(_TEXT, min_size=1, max_size=4), _TEXT, st.binary(max_size=50), st.booleans())
def test_any_name_as_botocore_signs_it(
    parts: list[str], version: str, body: bytes, by_path: bool
) -> None:
    auth = pytest.importorskip("botocore.auth")
    request_of = pytest.importorskip("botocore.awsrequest").AWSRequest
    keys = pytest.importorskip("botocore.credentials").Credentials
    if any(part in (".", "..") for part in parts):
        return
    place = BucketPlace("https://s3.example.de", "eimer", "eu-central-1", by_path)
    path = place.path("/".join(parts))
    query = (("versionId", version), ("retention", ""))
    host = urllib.parse.urlsplit(place.origin).netloc
    made = signed_headers(
        "PUT", host, path, query, {"Content-MD5": "x"}, body,
        credentials=EXAMPLE, region="eu-central-1", now=NOW,
    )  # fmt: skip
    theirs = request_of(
        "PUT",
        f"{place.origin}{path}?{query_text(query)}",
        headers={"Content-MD5": "x", "X-Amz-Content-SHA256": made["x-amz-content-sha256"]},
        data=body,
    )
    theirs.context["timestamp"] = made["x-amz-date"]
    signer = auth.S3SigV4Auth(keys(EXAMPLE.access_key, EXAMPLE.secret), "s3", "eu-central-1")
    asked = signer.canonical_request(_with(theirs, host, made["x-amz-date"]))
    signature = signer.signature(signer.string_to_sign(theirs, asked), theirs)
    assert made["authorization"].endswith(f"Signature={signature}")


def _with(request: object, host: str, moment: str) -> object:
    headers = request.headers  # type: ignore[attr-defined]
    headers["host"] = host
    headers["X-Amz-Date"] = moment
    return request


def test_the_name_of_the_bucket_stands_in_the_path_or_in_the_host() -> None:
    inside = BucketPlace("https://s3.example.de", "eimer", "x")
    assert (inside.origin, inside.path("a/b c+ü")) == (
        "https://s3.example.de",
        "/eimer/a/b%20c%2B%C3%BC",
    )
    before = BucketPlace("https://s3.eu.amazonaws.com", "eimer", "eu", by_path=False)
    assert (before.origin, before.path("")) == ("https://eimer.s3.eu.amazonaws.com", "/")


def test_a_secret_is_in_no_text() -> None:
    assert EXAMPLE.secret not in repr(EXAMPLE)
