"""An S3 server with versions and object lock (moto), in a process of its own.

    python -m tests.support.locking_server PORT FOLDER

It keeps all in memory. `FOLDER/ahead` holds how many seconds its clock is ahead. Where moto is
laxer than the service it stands for, it is made as strict here: a lock cannot be shortened, what is
not there cannot be locked, and a folder of which all is deleted is not listed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3 import models
from moto.s3.exceptions import AccessDeniedByLock, MissingKey
from werkzeug.serving import run_simple

_LIST: Callable[..., object] = models.S3Backend.list_objects


def _end(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _lock(
    self: models.S3Backend,
    bucket_name: str,
    key_name: str,
    version_id: str | None,
    retention: tuple[str | None, str | None],
) -> None:
    key = self.get_object(bucket_name, key_name, version_id=version_id)
    mode, until = retention
    if key is None:
        raise MissingKey(key=key_name)
    if key.is_locked(governance_bypass=False) and (
        _end(until or "") < _end(key.lock_until or "")
        or (key.lock_mode == "COMPLIANCE" and mode != "COMPLIANCE")
    ):
        raise AccessDeniedByLock
    key.lock_mode, key.lock_until = mode, until


def _listed(
    self: models.S3Backend, bucket: models.FakeBucket, *args: object, **named: object
) -> object:
    visible = SimpleNamespace(
        keys={
            name: key
            for name, key in bucket.keys.items()
            if not isinstance(key, models.FakeDeleteMarker)
        }
    )
    return _LIST(self, visible, *args, **named)


def main(port: int, room: Path) -> None:
    """Serve until killed."""
    real: Callable[[], datetime] = vars(models)["utcnow"]

    def now() -> datetime:
        ahead = room / "ahead"
        return real() + timedelta(seconds=float(ahead.read_text()) if ahead.exists() else 0)

    class Handler(MotoRequestHandler):
        """Tells the same time as the locks."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(now().replace(tzinfo=UTC), usegmt=True)

    vars(models)["utcnow"] = now
    setattr(models.S3Backend, "put_object_retention", _lock)  # noqa: B010 - a method, for mypy
    setattr(models.S3Backend, "list_objects", _listed)  # noqa: B010
    run_simple(
        "127.0.0.1",
        port,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=Handler,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
