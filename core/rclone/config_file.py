"""rclone's own configuration on disk, always encrypted: where the tokens of an account live.

A token that rclone renewed must outlive the session and a crash, so it cannot live in memory only,
and rclone writes it into its configuration by itself. It encrypts what it writes with the password
that `config/unlock` told it over our socket: nothing is on a command line, in an environment or in
plain on disk (RCLONE.md §5.2). There is no slow derivation, so the password must be random.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.paths import home_failure

SECTION = "konto"
"""What the account is called in its file; `konto:Ordner` is a folder in it."""

_SEALED = b"RCLONE_ENCRYPT_V0:"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file of one account and the random password that opens it."""

    path: Path
    password: str = field(repr=False)

    def mend(self) -> None:
        """Put right what a killed rclone left; only for whoever holds the account.

        rclone writes a new file `<name><digits>`, moves the old one to `<name>.old<digits>` and
        the new one to its place. Killed between the two it leaves no file: then the new one
        counts, which was whole before anything was moved. What else lies there is cleared away.
        """
        try:
            left = [one for one in self.path.parent.glob(f"{self.path.name}*") if one != self.path]
            if left and not self.path.exists():
                whole = [one for one in left if _looks_sealed(one)]
                old = f"{self.path.name}.old"
                whole.sort(key=lambda one: (one.name.startswith(old), -one.stat().st_mtime_ns))
                if whole:
                    whole[0].replace(self.path)
                    left.remove(whole[0])
            for one in left:
                one.unlink(missing_ok=True)
        except OSError as error:
            raise home_failure(self.path, error) from error

    @property
    def is_sound(self) -> bool:
        """Whether there is no file yet, or one that was encrypted; rclone would take a plain one.

        Whether the password opens it, only rclone can tell.
        """
        return not self.path.exists() or _looks_sealed(self.path)


def _looks_sealed(path: Path) -> bool:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return False
    lines = [line for line in lines if line and not line.startswith(b"#")]
    return len(lines) == 2 and lines[0] == _SEALED
