"""Files opened in a folder that is held, and in one that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.destinations import local
from core.destinations.local import EXCLUSIVE, HeldFolder


@pytest.fixture(params=[True, False], ids=["held", "by path"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> HeldFolder[str]:
    with pytest.MonkeyPatch.context() as patch:
        if not request.param:
            patch.setattr(local, "_CAN_HOLD", False)
        return HeldFolder(str(tmp_path))


def test_names_are_opened_below_the_folder(folder: HeldFolder[str], tmp_path: Path) -> None:
    fd = folder.open("Büro\n.txt", EXCLUSIVE, 0o600)
    os.write(fd, b"x")
    os.close(fd)
    assert (tmp_path / "Büro\n.txt").read_bytes() == b"x"
    with pytest.raises(FileExistsError):
        folder.open("Büro\n.txt", EXCLUSIVE)
    with pytest.raises(FileNotFoundError):
        folder.open("fehlt", os.O_RDONLY)
    folder.close()
    folder.close()


def test_a_folder_that_is_not_there_fails_when_a_file_is_opened(tmp_path: Path) -> None:
    folder = HeldFolder(os.fsencode(tmp_path / "fehlt"))
    with pytest.raises(FileNotFoundError):
        folder.open(b"a", os.O_RDONLY)
    folder.close()


def test_a_link_is_not_followed_by_exclusive_create(
    folder: HeldFolder[str], tmp_path: Path
) -> None:
    (tmp_path / "hinaus").symlink_to(tmp_path.parent / "draussen")
    with pytest.raises(FileExistsError):
        folder.open("hinaus", EXCLUSIVE)
    folder.close()
