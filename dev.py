"""Set up `.venv` beside this file, then run the program or its checks.

    python3 dev.py run ARGS           the program, in the folder of the caller
    python3 dev.py test [TIER]        checks and tests; TIER: check, unit, kill, full, screens …
    python3 dev.py test [TIER] -- ..  pytest with these arguments
    python3 dev.py lock [--upgrade]   make installer/lock/*.txt anew from pyproject.toml

Standard library only. On Linux ./run and ./test call it; on Windows and macOS: `py dev.py run`.
`run` stands before every start of the program, so nothing heavy is imported at the top.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import NoReturn

PROJECT = Path(__file__).resolve().parent
LOCKS = PROJECT / "installer" / "lock"
VENV = PROJECT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

CALLED = "LADENTRESOR_CALLED"

# Name and arguments for Python. The tests run on Linux only so far; the program is for all.
WINDOWS = (
    "--platform=win32",
    "--cache-dir=.mypy_cache/win32",
    "core",
    "gui",
    "resources",
    "dev.py",
)
CHECKS = (
    ("ruff check", ("-m", "ruff", "check", "--quiet")),
    ("ruff format", ("-m", "ruff", "format", "--check", "--quiet")),
    ("mypy", ("-m", "mypy")),
    ("mypy for Windows", ("-m", "mypy", *WINDOWS)),
    ("lint-imports", ("-c", "from importlinter.cli import *; lint_imports_command()", "--no-logo")),
)

# Arguments for pytest. The default tier runs on all cores.
DEFAULT_TIER = ("-n", "auto")
TIERS = {
    "unit": ("tests/unit",),
    "kill": ("-m", "kill", "--timeout=3600"),
    "full": ("-m", "full", "--timeout=3600"),
    "screens": ("-m", "screens", "--timeout=600"),
    "bench": ("-m", "bench", "--timeout=3600", "--capture=no"),
}


def main() -> None:
    """Do what the first argument says."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python gets a sentence
        sys.exit(f"Ladentresor braucht Python 3.11 oder neuer; dies ist {sys.version.split()[0]}.")
    command, *args = sys.argv[1:] or ["help"]
    if command == "run":
        run(args)
    elif command == "test":
        test(args)
    elif command == "lock":
        lock(args)
    else:
        sys.exit(__doc__)


# ------------------------------------------------------------------------------ run


def run(args: Sequence[str]) -> NoReturn:
    """The program takes the place of this process: same folder, signals and exit code."""
    set_up("app")
    # -P: a folder named gui where the caller stands is not ours.
    become(["-P", "-m", "gui", *args], {"PYTHONPATH": str(PROJECT), CALLED: called()})


def called() -> str:
    """How this was started, for messages that name a command: what ./run says, or this file."""
    python = "py" if sys.platform == "win32" else "python3"
    return os.environ.get(CALLED) or f"{python} {sys.argv[0]} run"


def become(args: Sequence[str], more_environment: dict[str, str] | None = None) -> NoReturn:
    """Go on as the Python of `.venv`; where there is no exec, pass on its exit code."""
    command = [str(PYTHON), *args]
    environment = {**os.environ, **(more_environment or {})}
    sys.stdout.flush()
    if sys.platform != "win32":
        os.execve(command[0], command, environment)  # noqa: S606 - no shell is what we want
    # Ctrl+C reaches the child by itself; its answer is the one that counts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(subprocess.call(command, env=environment))


# ------------------------------------------------------------------------------ test


def test(args: Sequence[str]) -> NoReturn:
    """Checks and tests, or one tier; pytest has the last word."""
    set_up("dev")
    os.chdir(PROJECT)
    tier = args[0] if args and args[0] != "--" else None
    rest = list(args[1:] if tier else args)
    if tier not in {None, "check", *TIERS} or (rest and rest[0] != "--"):
        sys.exit("./test [check|unit|kill|full|screens|bench] [-- Argumente für pytest]")
    if tier == "check" or not args:
        failed = failed_checks()
        if failed:
            sys.exit("Nicht bestanden: " + ", ".join(failed))
        if tier == "check":
            sys.exit(0)
    chosen = TIERS[tier] if tier else () if args else DEFAULT_TIER
    become(["-m", "pytest", *chosen, *rest[1:]])


def failed_checks() -> list[str]:
    """Run all static checks and name those that failed."""
    failed = []
    for name, args in CHECKS:
        print(f"== {name}", flush=True)
        if subprocess.call([PYTHON, *args]) != 0:
            failed.append(name)
    return failed


# ------------------------------------------------------------------------------ .venv


def set_up(kind: str) -> None:
    """Make sure that `.venv` holds what installer/lock/<kind>.txt says."""
    if is_set_up(kind):
        return
    with alone():
        if not is_set_up(kind):  # another process may have done it while we waited
            install(kind)


def is_set_up(kind: str) -> bool:
    try:
        return stamp(kind).read_text("utf-8") == stamp_text(kind) and PYTHON.exists()
    except FileNotFoundError:
        return False


def stamp(kind: str) -> Path:
    return VENV / f"installed-{kind}.txt"


def stamp_text(kind: str) -> str:
    """What decides whether an installation is today's: the Python and the whole lock."""
    major, minor = sys.version_info[:2]
    return f"# Python {major}.{minor}\n" + (LOCKS / f"{kind}.txt").read_text("utf-8")


def install(kind: str) -> None:
    """Create `.venv` if need be and install one lock into it."""
    kinds = {"app": ["app"], "dev": ["app", "dev"]}[kind]  # dev.txt holds all of app.txt
    if not venv_fits():
        say("Ich lege die Python-Umgebung .venv an.")
        if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV], stdout=2) != 0:
            sys.exit("Die Python-Umgebung .venv ließ sich nicht anlegen.")
    say(f"Ich installiere die Pakete aus installer/lock/{kind}.txt; das kann Minuten dauern.")
    for each in kinds:
        stamp(each).unlink(missing_ok=True)
    if pip(PYTHON, "--require-hashes", "--requirement", str(LOCKS / f"{kind}.txt")) != 0:
        sys.exit("Die Pakete ließen sich nicht installieren. Ist das Internet erreichbar?")
    for each in kinds:
        stamp(each).write_text(stamp_text(each), "utf-8")


def venv_fits() -> bool:
    """Whether `.venv` is complete and made by the Python version that runs now."""
    major, minor = sys.version_info[:2]
    try:
        config = (VENV / "pyvenv.cfg").read_text("utf-8")
    except FileNotFoundError:
        return False
    if f"version = {major}.{minor}." not in config or not PYTHON.exists():
        return False
    asked = subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False)
    return asked.returncode == 0


def pip(python: Path, *args: str) -> int:
    """`pip install`, ready-made wheels only, so that nothing is compiled or run on the way."""
    options = ("--quiet", "--quiet", "--no-input", "--disable-pip-version-check")
    command = (str(python), "-m", "pip", "install", *options, "--only-binary", ":all:", *args)
    return subprocess.call(command, stdout=2)  # stdout belongs to the program


@contextmanager
def alone() -> Iterator[None]:
    """Hold a lock that two starts at the same time cannot both have."""
    with (PROJECT / ".venv.lock").open("a") as file:
        if sys.platform == "win32":
            import msvcrt
            import time

            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    time.sleep(0.5)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


# ------------------------------------------------------------------------------ lock


def lock(args: Sequence[str]) -> None:
    """Resolve pyproject.toml for all platforms into names, versions and hashes; no hosts."""
    import tempfile
    import venv

    os.chdir(PROJECT)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / PYTHON.relative_to(VENV)
        if pip(python, "uv") != 0:
            sys.exit("uv ließ sich nicht installieren.")
        compile_lock = [str(python), "-m", "uv", "pip", "compile", "--quiet", "pyproject.toml"]
        compile_lock += ["--universal", "--generate-hashes", "--no-header", "--no-annotate", *args]
        app, dev = str(LOCKS / "app.txt"), str(LOCKS / "dev.txt")
        subprocess.check_call([*compile_lock, "--output-file", app])
        subprocess.check_call(
            [*compile_lock, "--extra", "dev", "--constraint", app, "--output-file", dev]
        )
    say("Neu: installer/lock/app.txt und dev.txt.")


if __name__ == "__main__":
    main()
