"""Starting at logon: what is written for each system, and that it can be taken away again."""

from __future__ import annotations

import configparser
import plistlib
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from core.agent.autostart import (
    FileEntry,
    LaunchAgentEntry,
    Start,
    SystemdEntry,
    desktop_entry,
    entries,
    install,
    installed,
    launch_agent,
    remove,
    systemd_unit,
    task_xml,
    windows_command,
)
from core.errors import Code, KnownError

HOSTILE = ("/opt/La den/py", "-m", "core", "--home", '/x/ü "a" $b `c` \\d 50% d', "agent")
START = Start(HOSTILE, {"PYTHONPATH": '/opt/La den "x" $y %z'})


def unquoted(text: str) -> list[str]:
    """Words in double quotes, in which a backslash means the next character itself."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    return [re.sub(r"\\(.)", r"\1", word) for word in words]


def read_exec(text: str) -> list[str]:
    """Exec of a desktop entry, read back by the two rules of the specification."""
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    value = parser["Desktop Entry"]["Exec"]
    value = value.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
    return [word.replace("%%", "%") for word in unquoted(value)]


def test_an_autostart_entry_survives_hostile_names() -> None:
    words = read_exec(desktop_entry(START))
    assert words == ["/usr/bin/env", f"PYTHONPATH={START.environment['PYTHONPATH']}", *HOSTILE]
    assert read_exec(desktop_entry(Start(("a", "b"), {}))) == ["a", "b"]


def test_a_unit_survives_hostile_names() -> None:
    text = systemd_unit(START)
    command = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    words = unquoted(command.partition("=")[2])
    assert [w.replace("$$", "$").replace("%%", "%") for w in words] == list(HOSTILE)
    assert "Restart=on-failure" in text
    assert "WantedBy=default.target" in text


def test_a_launch_agent() -> None:
    said = plistlib.loads(launch_agent(START))
    assert said["ProgramArguments"] == list(HOSTILE)
    assert said["EnvironmentVariables"] == dict(START.environment)
    assert said["RunAtLoad"] is True
    assert said["KeepAlive"] == {"SuccessfulExit": False}


def test_a_task_of_windows() -> None:
    start = Start((r"C:\Programme & mehr\Ladentresor.exe", "--home", r"D:\a b", "agent"), {})
    root = ET.fromstring(task_xml(start, r"LADEN\anna & co").replace("UTF-16", "UTF-8").encode())
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.findtext(".//t:Command", namespaces=space) == start.command[0]
    assert root.findtext(".//t:Arguments", namespaces=space) == r'--home "D:\a b" agent'
    assert root.findtext(".//t:UserId", namespaces=space) == r"LADEN\anna & co"
    assert windows_command(start).startswith('"C:\\Programme & mehr\\Ladentresor.exe" --home')


def test_the_best_way_here_and_only_one(tmp_path: Path) -> None:
    session = {"HOME": str(tmp_path), "PATH": ""}
    (way,) = entries("linux", session)
    assert installed([way]) is None
    assert remove([way]) == []
    assert install(START, [way]) is way
    assert installed([way]) is way
    assert (tmp_path / ".config" / "autostart" / "ladentresor-agent.desktop").exists()
    assert list((tmp_path / ".config" / "autostart").iterdir()) == [Path(way.place)]
    assert remove([way]) == [way.place]
    assert remove([way]) == []
    (mac,) = entries("darwin", session)
    assert isinstance(mac, LaunchAgentEntry)
    assert mac.place.endswith("Library/LaunchAgents/de.ladentresor.agent.plist")
    (windows,) = entries("win32", session)
    assert windows.place.startswith("HKEY_CURRENT_USER")


def systemd_of(folder: Path, *, works: bool) -> tuple[dict[str, str], Path]:
    """A session with a systemd of its own, whose systemctl writes down what it is told."""
    told = folder / "told"
    tool = folder / "bin" / "systemctl"
    tool.parent.mkdir()
    end = "exit 0" if works else "echo 'Failed to connect to bus' >&2; exit 1"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {told}\n{end}\n')
    tool.chmod(0o755)
    (folder / "run" / "systemd").mkdir(parents=True)
    (folder / "run" / "systemd" / "private").touch()
    session = {
        "HOME": str(folder),
        "PATH": str(tool.parent),
        "XDG_RUNTIME_DIR": str(folder / "run"),
    }
    return session, told


def test_a_session_with_systemd_takes_a_unit(tmp_path: Path) -> None:
    session, told = systemd_of(tmp_path, works=True)
    ways = entries("linux", session)
    assert [type(way) for way in ways] == [SystemdEntry, FileEntry]
    ways[1].install(START)
    assert install(START, ways) is ways[0]
    assert ways[1].installed() is None  # never twice
    assert told.read_text().splitlines() == [
        "--user daemon-reload",
        "--user enable ladentresor-agent.service",
    ]
    assert remove(ways) == [ways[0].place]
    assert "--user disable ladentresor-agent.service" in told.read_text()


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    session, _ = systemd_of(tmp_path, works=False)
    with pytest.raises(KnownError) as caught:
        install(START, entries("linux", session))
    assert caught.value.code is Code.AUTOSTART_FAILED
    assert caught.value.params["cause"] == "Failed to connect to bus"
    (tmp_path / "datei").touch()
    with pytest.raises(KnownError) as caught:
        FileEntry(tmp_path / "datei" / "x.desktop").install(START)
    assert caught.value.code is Code.AUTOSTART_FAILED
