"""A bucket with versions and locks, and a thief who has its key."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.places import BUCKET, Daemon, Place
from tests.support.storage_servers import KEY, PASSWORD, free_port


def missing() -> str:
    """What this machine lacks for it; '' when nothing is missing."""
    names = ("moto", "flask", "flask_cors", "py_partiql_parser", "yaml")
    return ", ".join(name for name in names if importlib.util.find_spec(name) is None)


@dataclass(slots=True)
class LockingBucket:
    """client: boto3's, which is asked instead of our own wherever a test judges.

    ahead: by how much the clock over there runs ahead.
    """

    port: int
    room: Path
    server: Daemon
    client: Any = field(repr=False)
    ahead: timedelta = timedelta(0)

    def place(self, *, lock: str = "30d", mode: str = "governance", port: int = 0) -> Place:
        """As a plan names it; port: of somebody in between."""
        address = f"http://127.0.0.1:{port or self.port}"
        lines = f'''kind = "s3"
endpoint = "{address}"
region = "eu-central-1"
bucket = "{BUCKET}"
path = "laeden"
access_key = "{KEY}"
'''
        lines += f'lock = "{lock}"\nlock_mode = "{mode}"\n' if lock else ""
        named = f"endpoint=http%3A%2F%2F127.0.0.1%3A{port or self.port}"
        return Place(
            "s3",
            self.room,
            lines,
            f"s3://{KEY}@{BUCKET}/laeden?{named}",
            PASSWORD,
            self.server,
            lambda: self.server,
        )

    def pass_by(self, **time: float) -> None:
        """Let time pass over there."""
        self.ahead += timedelta(**time)
        (self.room / "ahead").write_text(str(self.ahead.total_seconds()))

    def versions(self, prefix: str = "laeden/") -> list[dict[str, Any]]:
        """All versions and delete markers; `marker` tells them apart."""
        found: list[dict[str, Any]] = []
        for page in self.client.get_paginator("list_object_versions").paginate(
            Bucket=BUCKET, Prefix=prefix
        ):
            found += [{**one, "marker": False} for one in page.get("Versions", ())]
            found += [{**one, "marker": True} for one in page.get("DeleteMarkers", ())]
        return found

    def seen(self) -> list[str]:
        """What is to be seen."""
        return sorted(
            one["Key"] for one in self.versions() if one["IsLatest"] and not one["marker"]
        )

    def locked_until(self, key: str, version: str) -> datetime | None:
        """The end of a lock, as its service tells it."""
        said = self.client.head_object(Bucket=BUCKET, Key=key, VersionId=version)
        until: datetime | None = said.get("ObjectLockRetainUntilDate")
        return until

    def delete_all(self) -> None:
        """What a thief does first: everything is gone, as far as one can see."""
        for key in self.seen():
            self.client.delete_object(Bucket=BUCKET, Key=key)

    def overwrite_all(self, data: bytes = b"ha ha") -> None:
        """What he does else."""
        for key in self.seen():
            self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def delete_for_ever(self) -> int:
        """He tries to delete each version; how many are left."""
        from botocore.exceptions import ClientError  # not on every machine

        for one in self.versions():
            if one["marker"]:
                continue
            with contextlib.suppress(ClientError):
                self.client.delete_object(Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"])
        return sum(not one["marker"] for one in self.versions())


@contextlib.contextmanager
def locking_bucket(room: Path, *, locks: bool = True) -> Iterator[LockingBucket]:
    """A server with one bucket, for the length of a test; without `locks` it only has versions."""
    import boto3  # not on every machine

    room.mkdir(parents=True)
    port = free_port()
    server = Daemon([sys.executable, "-m", "tests.support.locking_server", str(port), room], port)
    try:
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="eu-central-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=PASSWORD,
        )
        client.create_bucket(
            Bucket=BUCKET,
            ObjectLockEnabledForBucket=locks,
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield LockingBucket(port, room, server, client)
    finally:
        server.kill()
