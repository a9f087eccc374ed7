"""A medium that gives back something else than it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.copies.format import documents
from core.copies.format.copy_folder import VAULT, CopyFolder
from core.copies.opening import marker
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError


class LyingFolder(LocalFolder):
    """One bit of every small file turns over on its way."""

    def create(self, relative: str, data: bytes) -> None:
        super().create(relative, bytes([data[0] ^ 1]) + data[1:])


def test_a_marker_that_reads_back_differently_is_said_to_do_so(tmp_path: Path) -> None:
    """And not that the disk was pulled out: the owner would look for the wrong thing."""
    copy = CopyFolder(LyingFolder("platte", tmp_path, "laden"))
    copy.folder.make_folder("")
    vault = documents.Vault(
        format=documents.FORMAT,
        art="tresor",
        vault="0" * 32,
        system="laden",
        name="Laden",
        destination="platte",
        layout="tree",
        created="2026-11-22T03:00:00Z",
    )
    with pytest.raises(KnownError) as told:
        marker.write(copy, vault)
    assert told.value.code is Code.READ_BACK_DIFFERS
    assert told.value.params == {
        "destination": "platte",
        "path": str(tmp_path / "laden" / VAULT),
    }
