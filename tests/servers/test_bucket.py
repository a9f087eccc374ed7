"""Our own requests to buckets: signed so that others agree, and what becomes of each fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from urllib3.util import Retry, Timeout

from core.clock import Clock, SystemClock
from core.errors import Code, KnownError
from core.s3 import bucket as requests
from core.s3.bucket import Bucket
from core.s3.place import BucketPlace
from core.s3.signing import Credentials
from tests.support import fake_clouds
from tests.support.fixed_clock import FixedClock
from tests.support.places import BUCKET
from tests.support.storage_servers import KEY, PASSWORD, answering, free_port, serving


@contextmanager
def asking(service: str, *, secret: str = PASSWORD, clock: Clock | None = None) -> Iterator[Bucket]:
    made = Bucket(
        BucketPlace(service, BUCKET, "eu-central-1"),
        Credentials(KEY, secret),
        clock or SystemClock(),
        destination="cloud",
        address="s3://eimer",
    )
    try:
        yield made
    finally:
        made.close()


def failure(service: str, secret: str = PASSWORD) -> KnownError:
    with asking(service, secret=secret) as made, pytest.raises(KnownError) as caught:
        list(made.versions("laden/"))
    assert PASSWORD not in str(caught.value)
    return caught.value


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds for a merchant."""
    retries: Retry = vars(requests)["_RETRIES"]
    monkeypatch.setattr(requests, "_RETRIES", retries.new(backoff_factor=0.01))
    monkeypatch.setattr(requests, "_TIMEOUT", Timeout(connect=1.0, read=1.0))


def test_a_server_that_checks_signatures(tmp_path: Path) -> None:
    """rclone's own S3 server does; it knows neither versions nor locks."""
    folder = tmp_path / "gedient"
    (folder / BUCKET).mkdir(parents=True)
    with serving("s3", folder) as server:
        service = f"http://127.0.0.1:{server.port}"
        with asking(service) as made:
            assert not made.lock_settings().enabled
            assert abs(made.ahead.total_seconds()) < 5
            with pytest.raises(FileNotFoundError):
                made.retention("nicht/da ä+%20.zip")
        assert failure(service, secret="falsch").code is Code.REMOTE_LOGIN


def test_a_server_that_is_not_there() -> None:
    error = failure(f"http://127.0.0.1:{free_port()}")
    assert error.code is Code.REMOTE_UNREACHABLE
    assert failure("http://gibt-es-nicht.invalid").code is Code.REMOTE_OFFLINE


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>Willkommen im WLAN", Code.REMOTE_PORTAL),
        (302, b"", Code.REMOTE_PORTAL),
        (503, b"<Error><Code>SlowDown</Code></Error>", Code.REMOTE_RATE_LIMITED),
        (500, b"<html>", Code.REMOTE_FAILED),
        (403, b"<Error><Code>AccessDenied</Code></Error>", Code.REMOTE_NO_RIGHTS),
        (403, b"<Error><Code>InvalidAccessKeyId</Code></Error>", Code.REMOTE_LOGIN),
        (403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>", Code.REMOTE_CLOCK),
        (404, b"<Error><Code>NoSuchBucket</Code></Error>", Code.REMOTE_SHARE_MISSING),
        (200, b" " * 17_000_000, Code.REMOTE_PORTAL),
    ],
)
def test_what_is_answered(status: int, body: bytes, code: Code) -> None:
    with answering(status, body) as port:
        assert failure(f"http://127.0.0.1:{port}").code is code


def test_certificates_and_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service is only believed by a certificate that the system trusts, behind a proxy too."""
    with fake_clouds.playing(tmp_path / "wolke") as cloud:
        monkeypatch.setenv("HTTPS_PROXY", cloud.environment["HTTPS_PROXY"])
        assert failure("https://upload.example").code is Code.REMOTE_CERTIFICATE
        monkeypatch.setenv("SSL_CERT_FILE", cloud.environment["SSL_CERT_FILE"])
        answered = failure("https://upload.example")  # it is no bucket, but it was reached
        assert answered.code not in (Code.REMOTE_CERTIFICATE, Code.REMOTE_UNREACHABLE)
        monkeypatch.setenv("NO_PROXY", "upload.example")
        assert failure("https://upload.example").code is Code.REMOTE_OFFLINE


def test_a_clock_that_is_wrong_is_seen(tmp_path: Path) -> None:
    with answering(200, b"<VersioningConfiguration/>") as port:
        clock = FixedClock()
        with asking(f"http://127.0.0.1:{port}", clock=clock) as made:
            made.is_versioned()
            real = SystemClock().now() - clock.now()
            assert abs((made.ahead - real).total_seconds()) < 5
