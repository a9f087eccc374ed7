"""The program without a command: the window; where it cannot open, what the command line says."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def opens_window(arguments: Sequence[str]) -> bool:
    """Whether a call means the window: no verb, no help, no JSON; home and language may stand."""
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word in ("--home", "--lang"):
            if not words:
                return False
            words.pop(0)
        elif not word.startswith(("--home=", "--lang=")):
            return False
    return True


def has_screen(platform: str, environ: Mapping[str, str]) -> bool:
    """Whether a window can be shown; on Windows and macOS always."""
    if platform in ("win32", "darwin"):
        return True
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def main() -> int:
    """Open the window, or do as the command line does."""
    arguments = sys.argv[1:]
    if opens_window(arguments) and has_screen(sys.platform, os.environ):
        try:
            return _window(arguments)
        except ImportError as error:  # Qt's own libraries are missing on a bare Linux
            print(error, file=sys.stderr)  # noqa: T201 - there is no window to say it in
    from core.__main__ import main as command_line

    return command_line()


def _window(arguments: Sequence[str]) -> int:
    from core.cli.main import CALLED, PASSPHRASE
    from core.paths import find_home
    from core.texts import PROGRAM
    from gui.app import run_window  # Qt takes its time; commands do without

    options = _options(arguments)
    home = find_home(options.get("--home"))
    passphrase = os.environ.pop(PASSPHRASE, "")
    called = os.environ.get(CALLED) or PROGRAM
    explicit = options.get("--home") or os.environ.get("LADENTRESOR_HOME") or ""
    return run_window(
        [], home, str(Path(explicit).absolute()) if explicit else "", options.get("--lang"),
        passphrase=passphrase, called=called,
    )  # fmt: skip


def _options(arguments: Sequence[str]) -> dict[str, str]:
    words = iter(arguments)
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        found[name] = value if equals else next(words, "")
    return found


if __name__ == "__main__":
    sys.exit(main())
