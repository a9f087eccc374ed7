"""Recovery lines for tests that need none, or that need some."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.cli.main import PASSPHRASE
from core.copies.reach import Reach
from core.errors import Code, KnownError
from core.paths import Home, find_home
from core.secrets.pairs import SHOP_KEY
from core.secrets.recovery import Pair, new_pair, pack
from core.secrets.sealed_file import SealedFileStore

_WORD = "Hinter dem Regal 17"
ENV = {PASSPHRASE: _WORD, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
RCLONE = Path(sys.executable).with_name("rclone")


def put_pair(home: Path, pair: Pair | None = None, *, name: str = SHOP_KEY) -> Pair:
    """Keep recovery lines in a home that is run with `ENV`."""
    found = pair or new_pair()
    place = find_home(str(home))
    place.make()
    SealedFileStore(place, _WORD).set(name, pack(found))
    return found


def open_by_hand(system_folder: Path, pair: Pair, into: Path) -> None:
    """Decrypt a copy as its sheet says: stock rclone, a config of its own, `copy`."""
    config = into.with_suffix(".conf")
    env = {"PATH": os.environ["PATH"], "HOME": str(into.parent), "RCLONE_CONFIG": str(config)}

    def type_in(*words: str) -> None:
        subprocess.run([RCLONE, *words], env=env, check=True, capture_output=True)

    remote = f"remote={system_folder / 'tresor'}"
    lines = [f"password={pair.password}", f"password2={pair.salt}"]
    type_in("config", "create", "tresor", "crypt", remote, *lines, "--obscure")
    type_in("copy", "tresor:", str(into))
    config.unlink()


def no_keys(home: Home) -> Reach:
    """What opens copies where no copy is encrypted."""

    def refuse(destination: str) -> Pair:
        raise KnownError(Code.SECRET_MISSING, name=f"{destination}.key")

    return Reach(home, refuse, lambda: False)
