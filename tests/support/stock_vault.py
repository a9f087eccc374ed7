"""What `key prove` asks of our rclone adapter, done with stock rclone and nothing of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.secrets_search import obscure

RCLONE = Path(sys.executable).with_name("rclone")
_CONTENT = b"Probe"


def _rclone(*args: str | Path, password: str, salt: str, vault: Path) -> bytes | None:
    """What rclone wrote to stdout; None when it failed."""
    settings = {
        "TYPE": "crypt",
        "REMOTE": str(vault),
        "PASSWORD": obscure(password),
        "PASSWORD2": obscure(salt),
        "FILENAME_ENCRYPTION": "off",
    }
    env = {f"RCLONE_CONFIG_T_{name}": value for name, value in settings.items()}
    done = subprocess.run(
        [RCLONE, "--config", "", *args], env=env, input=_CONTENT, capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


class StockVault:
    """Real encryption, real decryption."""

    def make_test_object(self, password: str, salt: str, room: Path) -> bytes:
        _rclone("rcat", "t:probe", password=password, salt=salt, vault=room)
        return next(room.iterdir()).read_bytes()

    def opens_test_object(self, password: str, salt: str, data: bytes, room: Path) -> bool:
        (room / "probe.bin").write_bytes(data)
        return _rclone("cat", "t:probe", password=password, salt=salt, vault=room) == _CONTENT
