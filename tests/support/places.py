"""Places a merchant's copies may lie at, each behind a real server on this machine.

Every place says how a plan names it, what opens it, and where on this machine its bytes lie: tests
damage them there, and look whether they are right without asking the server.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.storage_servers import KEY, PASSWORD, USER, Server, free_port

Backend = Literal["webdav", "sftp", "s3", "samba", "openssh"]
BACKENDS: tuple[Backend, ...] = ("webdav", "sftp", "s3", "samba", "openssh")
BUCKET = "laden-eimer"


@dataclass(slots=True)
class Place:
    """A place behind a server. location: the plan's lines of it; address: the same in one line."""

    backend: Backend
    folder: Path
    location: str
    address: str
    password: str
    server: Daemon | Server
    start: Callable[[], Daemon | Server]

    def kill(self) -> None:
        """The server is gone at once, with all it had begun."""
        self.server.kill()

    def revive(self) -> None:
        """The same server, at the same address."""
        self.server = self.start()


class Daemon:
    """A server that is no rclone: started in a session of its own, killed with all its children."""

    def __init__(self, command: Sequence[str | Path], port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _await(port, self.process)

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        for pid in (self.process.pid, *_below(self.process.pid)):
            _signal(pid, signal.SIGSTOP)

    def kill(self) -> None:
        """It is gone at once, whoever it had begun to serve as well."""
        found = [self.process.pid, *_below(self.process.pid)]
        for pid in found:
            _signal(pid, signal.SIGKILL)
        self.process.wait()


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _below(pid: int) -> list[int]:
    """All children of a process and theirs."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("the server does not start")


@contextlib.contextmanager
def place(backend: Backend, room: Path) -> Iterator[Place]:
    """A place at a fresh server, for the length of a test."""
    room.mkdir(parents=True, exist_ok=True)
    made = _MAKERS[backend](room)
    try:
        yield made
    finally:
        made.server.kill()


def missing(backend: Backend) -> str:
    """What this machine lacks for a backend; '' when nothing is missing."""
    program = {"samba": "smbd", "openssh": "sshd"}.get(backend, "")
    return "" if not program or _program(program) else program


def _program(name: str) -> str:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or ""


# -- rclone's own servers --------------------------------------------------------------------------


def _rclone(kind: Literal["webdav", "sftp", "s3"], room: Path) -> Place:
    top = room / "gedient"
    port = free_port()

    def start() -> Server:
        return Server(kind, top, port=port)

    folder = {"webdav": top / "laeden", "sftp": top / "laeden", "s3": top / BUCKET / "laeden"}[kind]
    folder.mkdir(parents=True)
    location, address = {
        "webdav": (
            _lines(kind="webdav", url=f"http://127.0.0.1:{port}/laeden", user=USER),
            f"http://{USER}@127.0.0.1:{port}/laeden",
        ),
        "sftp": (
            _lines(kind="sftp", host="127.0.0.1", port=port, user=USER, path="laeden"),
            f"sftp://{USER}@127.0.0.1:{port}/~/laeden",
        ),
        "s3": (
            _lines(
                kind="s3",
                endpoint=f"http://127.0.0.1:{port}",
                bucket=BUCKET,
                path="laeden",
                access_key=KEY,
            ),
            f"s3://{KEY}@{BUCKET}/laeden?endpoint=http%3A%2F%2F127.0.0.1%3A{port}",
        ),
    }[kind]
    return Place(kind, folder, location, address, PASSWORD, start(), start)


def _lines(**values: str | int) -> str:
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items())


# -- Samba and OpenSSH -----------------------------------------------------------------------------


def _samba(room: Path) -> Place:
    """Windows shares as a NAS has them, run by this very user."""
    user = getpass.getuser()
    own, share, port = room / "samba", room / "freigabe", free_port()
    folder = share / "laeden"
    for part in (own, folder):
        part.mkdir(parents=True)
    settings = {
        "workgroup": "LADEN",
        "server role": "standalone server",
        "security": "user",
        "map to guest": "never",
        "interfaces": "127.0.0.1",
        "bind interfaces only": "yes",
        "smb ports": port,
        "disable netbios": "yes",
        "load printers": "no",
        "disable spoolss": "yes",
        "server multi channel support": "no",
        "passdb backend": f"tdbsam:{own}/passdb.tdb",
        "log file": f"{own}/log",
        **{
            f"{name} directory": own
            for name in ("lock", "state", "cache", "pid", "private", "binddns", "ncalrpc")
        },
    }
    settings["private dir"] = settings.pop("private directory")
    settings["ncalrpc dir"] = settings.pop("ncalrpc directory")
    settings["binddns dir"] = settings.pop("binddns directory")
    shared = {"path": share, "read only": "no", "force user": user}
    conf = own / "smb.conf"
    conf.write_text(
        "[global]\n"
        + "".join(f"{key} = {value}\n" for key, value in settings.items())
        + "[freigabe]\n"
        + "".join(f"{key} = {value}\n" for key, value in shared.items())
    )
    subprocess.run(
        ["pdbedit", "-s", conf, "-a", "-t", "-u", user],
        input=f"{PASSWORD}\n{PASSWORD}\n".encode(),
        check=True,
        capture_output=True,
    )

    def start() -> Daemon:
        return Daemon([_program("smbd"), "-F", "--no-process-group", "-s", conf], port)

    location = _lines(
        kind="smb", host="127.0.0.1", port=port, share="freigabe", user=user, path="laeden"
    )
    address = f"smb://{user}@127.0.0.1:{port}/freigabe/laeden"
    return Place("samba", folder, location, address, PASSWORD, start(), start)


def _openssh(room: Path) -> Place:
    """SFTP as a Linux server has it; the login is by key, as this very user."""
    user = getpass.getuser()
    own, port = room / "sshd", free_port()
    folder = room / "gedient" / "laeden"
    for part in (own, folder):
        part.mkdir(parents=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks itself into
    for name in ("host", "login"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", own / name],
            check=True,
            capture_output=True,
        )
    conf = own / "sshd_config"
    conf.write_text(
        f"""ListenAddress 127.0.0.1
Port {port}
HostKey {own}/host
AuthorizedKeysFile {own}/login.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
Subsystem sftp internal-sftp
MaxStartups 100
"""
    )

    def start() -> Daemon:
        return Daemon([_program("sshd"), "-D", "-f", conf], port)

    location = _lines(
        kind="sftp",
        host="127.0.0.1",
        port=port,
        user=user,
        path=str(folder),
        key_file=str(own / "login"),
    )
    query = urllib.parse.urlencode({"key_file": own / "login"})
    address = f"sftp://{user}@127.0.0.1:{port}{folder}?{query}"
    return Place("openssh", folder, location, address, "", start(), start)


_MAKERS: dict[Backend, Callable[[Path], Place]] = {
    "webdav": lambda room: _rclone("webdav", room),
    "sftp": lambda room: _rclone("sftp", room),
    "s3": lambda room: _rclone("s3", room),
    "samba": _samba,
    "openssh": _openssh,
}
