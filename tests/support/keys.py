"""Recovery lines for tests that need none, or that need some."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from core.cli.main import PASSPHRASE
from core.copies.opening.reach import Reach
from core.copies.opening.sealed import vault_folder
from core.errors import Code, KnownError
from core.paths import Home, find_home
from core.secrets import sealed_file
from core.secrets.pairs import SHOP_KEY
from core.secrets.recovery import Pair, new_pair, pack, unpack
from core.secrets.sealed_file import Cost, SealedFileStore

_WORD = "Hinter dem Regal 17"
_CHEAP = Cost(4, 8, 1)  # half a second per command otherwise
ENV = {PASSPHRASE: _WORD, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
RCLONE = Path(sys.executable).with_name("rclone")


def put_pair(home: Path, pair: Pair | None = None, *, name: str = SHOP_KEY) -> Pair:
    """Keep recovery lines in a home that is run with `ENV`."""
    found = pair or new_pair()
    place = find_home(str(home))
    place.make()
    with patch.object(sealed_file, "COST", _CHEAP):
        SealedFileStore(place, _WORD).set(name, pack(found))
    return found


def put_secret(home: Path, name: str, value: str) -> None:
    """Keep a secret in a home that is run with `ENV`."""
    place = find_home(str(home))
    place.make()
    with patch.object(sealed_file, "COST", _CHEAP):
        SealedFileStore(place, _WORD).set(name, value)


def get_pair(home: Path, *, name: str = SHOP_KEY) -> Pair:
    """The recovery lines that a home run with `ENV` keeps under a name."""
    value = SealedFileStore(find_home(str(home)), _WORD).get(name)
    assert value is not None
    return unpack(value)


def open_by_hand(system_folder: Path, pair: Pair, into: Path) -> None:
    """Decrypt a copy as its sheet says: stock rclone, a config of its own, `copy`.

    Files that rclone names as damaged are missing then; all others came.
    """
    with _typed_in(system_folder, pair, into) as type_in:
        type_in("copy", "tresor:", str(into), "--retries", "1", rc=(0, 1))


def names_by_hand(system_folder: Path, pair: Pair) -> dict[str, str]:
    """Every file in the vault: its true path → the path it lies at there."""
    with _typed_in(system_folder, pair, system_folder.parent / "namen") as type_in:
        said = type_in("lsjson", "-R", "--files-only", "--encrypted", "tresor:")
    return {row["Path"]: row["EncryptedPath"] for row in json.loads(said)}


@contextmanager
def _typed_in(system_folder: Path, pair: Pair, near: Path) -> Iterator[Callable[..., bytes]]:
    """rclone with a config that knows the vault as `tresor:`."""
    config = near.with_suffix(".conf")
    env = {"PATH": os.environ["PATH"], "HOME": str(near.parent), "RCLONE_CONFIG": str(config)}

    def type_in(*words: str, rc: Sequence[int] = (0,)) -> bytes:
        done = subprocess.run([RCLONE, *words], env=env, check=False, capture_output=True)
        assert done.returncode in rc, done.stderr
        return done.stdout

    remote = f"remote={system_folder / vault_folder(pair)}"
    lines = [f"password={pair.password}", f"password2={pair.salt}"]
    type_in("config", "create", "tresor", "crypt", remote, *lines, "--obscure")
    yield type_in
    config.unlink()


def no_keys(home: Home) -> Reach:
    """What opens copies where no copy is encrypted."""

    def refuse(destination: str) -> Pair:
        raise KnownError(Code.SECRET_MISSING, name=f"{destination}.key")

    return Reach(home, refuse, lambda: False)
