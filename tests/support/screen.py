"""A screen of one's own for the real window: Xvfb, what XEmbed trays need, mouse and keys.

Everything is known by its process and ends with the `with` block.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_TOOLS = ("Xvfb", "trayer", "xdotool")
MISSING = [one for one in _TOOLS if shutil.which(one) is None]
"""The tools that are not here; installer/linux/boot.sh brings them."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window that can be seen."""

    id: str
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


class Screen:
    """A virtual screen; `env` is for those who shall show something on it."""

    def __init__(self, display: str) -> None:
        self.env = {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "WAYLAND_DISPLAY": ""}

    def do(self, *words: object) -> str:
        """A word to xdotool; what it says, '' when it found nothing."""
        done = subprocess.run(
            ["xdotool", *map(str, words)],
            env=os.environ | self.env,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout.strip()

    def windows(self, name: str) -> list[Window]:
        """The windows that can be seen whose title fits the pattern."""
        found = []
        for id in self.do("search", "--onlyvisible", "--name", name).split():
            said = self.do("getwindowgeometry", "--shell", id)
            facts = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
            if {"X", "Y", "WIDTH", "HEIGHT"} <= facts.keys():
                place = (int(facts[one]) for one in ("X", "Y", "WIDTH", "HEIGHT"))
                found.append(Window(id, *place))
        return found

    def click(self, at: tuple[int, int], *, right: bool = False) -> None:
        """Move there and press."""
        self.do("mousemove", at[0], at[1], "sleep", 0.05, "click", 3 if right else 1)

    def keys(self, *names: str) -> None:
        """Type these keys, one after the other."""
        for name in names:
            self.do("key", name)
            time.sleep(0.05)


@contextmanager
def screen() -> Iterator[Screen]:
    """A screen, 1280 × 800."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with _running(command, pass_fds=(write,)):
        os.close(write)
        with os.fdopen(read) as said:
            number = said.readline().strip()
        assert number, "Xvfb did not start"
        yield Screen(f":{number}")


@contextmanager
def xembed_tray(where: Screen) -> Iterator[Callable[[], Window]]:
    """A tray of the old kind at the lower edge; call what it yields for where it is."""
    command = ["trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request",
               "--height", "28", "--SetDockType", "false"]  # fmt: skip
    with _running(command, env=where.env):

        def place() -> Window:
            found = where.windows("^panel$")
            return found[0] if found else Window("", 0, 0, 0, 0)  # not there yet

        yield place


@contextmanager
def _running(
    command: list[str], *, env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()
) -> Iterator[None]:
    with subprocess.Popen(
        command,
        env=os.environ | (env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            process.kill()
