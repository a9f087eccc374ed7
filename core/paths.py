"""Where Ladentresor keeps its own files: the home of plan, state and cache."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from core.errors import Code, KnownError


@dataclass(frozen=True, slots=True)
class Home:
    """The three folders of one home. All that lies in `state` and `cache` can be rebuilt."""

    config: Path
    state: Path
    cache: Path

    @property
    def plan(self) -> Path:
        """The merchant's decision, readable and printable."""
        return self.config / "plan.toml"

    @property
    def database(self) -> Path:
        """The home's own database."""
        return self.state / "ladentresor.db"

    @property
    def lock(self) -> Path:
        """Held by who works in all of this home (`copies/locking`)."""
        return self.state / "lock"

    def make(self) -> None:
        """Create the folders, readable for this user only; KnownError when that cannot be."""
        for folder in (self.config, self.state, self.cache):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise home_failure(folder, error) from error


def home_failure(place: Path, error: OSError) -> KnownError:
    """What the system answered about a file or folder of ours: HOME_FULL or HOME_UNUSABLE."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return KnownError(Code.HOME_FULL, path=str(place))
    return KnownError(Code.HOME_UNUSABLE, path=str(place), cause=error.strerror or str(error))


def find_home(explicit: str | None = None) -> Home:
    """The home to work in: `--home`, else `LADENTRESOR_HOME`, else the user's own folders."""
    chosen = explicit or os.environ.get("LADENTRESOR_HOME")
    if chosen:
        root = Path(chosen).absolute()
        return Home(config=root / "config", state=root / "state", cache=root / "cache")
    import platformdirs  # a home that is named needs none of it

    dirs = platformdirs.PlatformDirs("Ladentresor", appauthor=False, roaming=False)
    return Home(
        config=dirs.user_config_path, state=dirs.user_state_path, cache=dirs.user_cache_path
    )
