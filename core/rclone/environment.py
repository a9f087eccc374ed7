"""What an rclone process gets to see of our environment: little, and by an allow-list.

An inherited `RCLONE_DRY_RUN` or `RCLONE_MAX_SIZE` would give success and lose files (DESIGN §6);
an inherited `AWS_…` would write into a stranger's account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.rclone.remotes import Remote

_PASSED_ON = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "USERPROFILE", "USERNAME"),
        *("APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "COMPUTERNAME"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("SSH_AUTH_SOCK", "KRB5_CONFIG", "KRB5CCNAME"),
    )
)


@dataclass(frozen=True, slots=True)
class UserConfig:
    """An rclone.conf on disk; `path` None: the user's own, where rclone looks for it by itself."""

    path: Path | None = None
    password: str = field(default="", repr=False)


def environment_for(
    remotes: Iterable[Remote],
    ours: Mapping[str, str],
    *,
    user: str,
    password: str,
    cache: str,
    config: UserConfig | None = None,
) -> dict[str, str]:
    """All variables of an rclone process; `ours` is the environment of this program.

    Without `config` rclone keeps its settings in memory: the user's own rclone.conf is neither read
    nor written.
    """
    made = {name: value for name, value in ours.items() if name.upper() in _PASSED_ON}
    if config is None:
        made["RCLONE_CONFIG"] = ""
    elif config.path is not None:
        made["RCLONE_CONFIG"] = str(config.path)
    elif "XDG_CONFIG_HOME" in ours:
        made["XDG_CONFIG_HOME"] = ours["XDG_CONFIG_HOME"]
    if config is not None and config.password:
        made["RCLONE_CONFIG_PASS"] = config.password
    for remote in remotes:
        made.update(remote.environment())
    made.update(
        RCLONE_CACHE_DIR=cache,
        RCLONE_RC_USER=user,
        RCLONE_RC_PASS=password,
    )
    return made
