"""`demo`: the whole promise on sample data: 3-2-1, a second day, a pulled plug, restore."""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.cli.context import Context
from core.errors import Code, Exit, KnownError
from core.plan.toml_text import quoted
from core.texts import t
from core.texts.formats import size as size_text

_PLAN = """version = 1

[[systems]]
id = "laden"
name = "Laden-PC"
[[systems.sources]]
kind = "folders"
paths = [{source}]

[[destinations]]
id = "platte-a"
name = "Platte A"
encrypted = false
[destinations.location]
kind = "local"
path = {a}

[[destinations]]
id = "platte-b"
name = "Platte B"
encrypted = false
[destinations.location]
kind = "local"
path = {b}

[[copies]]
system = "laden"
destination = "platte-a"

[[destinations]]
id = "stick"
name = "Stick für außer Haus"
site = "away"
encrypted = true
[destinations.location]
kind = "local"
path = {stick}

[[copies]]
system = "laden"
destination = "platte-b"

[[copies]]
system = "laden"
destination = "stick"
"""
_NAMES = (
    "Müller & Söhne.pdf", "Größentabelle.csv", "Lager „neu“.txt", "Rechnung #17 (Kopie).pdf",
    "日本語.txt", "CON.txt", "Preise: Herbst?.csv", "Ende mit Punkt.", "100 % Baumwolle.txt",
)  # fmt: skip
_LINES = re.compile(r"(?:[2-9a-z]{5}-){5}[2-9a-z]{5}|(?:[2-9a-z]{4}-){5}[2-9a-z]{4}")


def demo(context: Context, options: argparse.Namespace) -> Exit:
    """Show everything on data of our own; nothing of the user's is touched."""
    keep = Path(options.keep).absolute() if options.keep else None
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise KnownError(Code.TARGET_NOT_EMPTY, path=str(keep))
    stage = keep or Path(tempfile.mkdtemp(prefix="ladentresor-demo-"))
    try:
        stage.mkdir(parents=True, exist_ok=True)
        good = _Show(context, stage).run()
    finally:
        if keep is None:
            shutil.rmtree(stage, ignore_errors=True)
    if keep is None:
        context.output.say(
            "Der Probeladen ist wieder gelöscht. Zum Ansehen: {program} demo --keep ORDNER"
        )
    else:
        context.output.say("Zum Ansehen bleibt alles in {path}", path=stage)
    context.output.say("Wie Sie Ihren eigenen Laden sichern, steht in docs/anleitung.md.")
    return Exit.OK if good else Exit.INTEGRITY


class _Show:
    def __init__(self, context: Context, stage: Path) -> None:
        self._context = context
        self._say = context.output.say
        self._stage = stage
        self._source = stage / "laden-pc" / "shop"
        self._home = stage / "home"
        self._random = random.Random(7)  # noqa: S311 - sample data
        self._environment = _environment()

    def run(self) -> bool:
        self._set_stage()
        self._say("1. Ein Laden mit Bildern, Rechnungen, Preisen und einer Datenbank:")
        self._tell_source()
        self._say(
            "2. Der erste Lauf schreibt drei Kopien: auf zwei Platten und, verschlüsselt, auf einen"
            " Stick, der das Haus verlässt:"
        )
        self._call("key", "create")
        self._call("backup")
        first = _digests(self._source)
        self._second_day()
        self._say(
            "3. Ein Tag später: Preise geändert, eine Rechnung gelöscht, ein Ordner umbenannt."
        )
        self._say("   Mitten im zweiten Lauf zieht jemand den Stecker …")
        self._pull_the_plug()
        self._say("4. Der nächste Lauf macht einfach weiter:")
        self._call("backup")
        second = _digests(self._source)
        self._say("5. Alles, was es gibt:")
        self._call("snapshots")
        self._say("6. Zurückholen, von jeder Platte, und Byte für Byte vergleichen:")
        results = [
            self._restore("platte-a", "heute-a", None, second),
            self._restore("platte-b", "heute-b", None, second),
            self._restore("stick", "heute-stick", None, second),
            self._restore("platte-a", "gestern", "1", first),
        ]
        self._say("7. Dasselbe ohne Ladentresor, nur mit dem Skript, das in jeder Kopie liegt:")
        results.append(self._by_hand(second))
        sheet = self._typed_sheet()
        self._say("8. Der PC ist weg, und mit ihm Platte A. Platte B genügt:")
        results.append(self._bare_pc("platte-b", second))
        self._say("9. Auch Platte B ist weg. Der Stick genügt und das Wiederherstellungsblatt:")
        results.append(self._bare_pc("stick", second, typed=sheet))
        good = all(results)
        self._context.output.record("demo", good=good)
        if good:
            self._say("Alles ist wieder da, Byte für Byte.")
        return good

    # -- acts ---------------------------------------------------------------------------------

    def _set_stage(self) -> None:
        for number in range(240):
            self._put(f"bilder/{number % 12:02d}/produkt-{number:04d}.jpg", 40_000)
        for number in range(60):
            self._put(f"rechnungen/2026/RE-{number:05d}.pdf", 15_000)
        for name in _NAMES:
            self._put(f"allerlei/{name}" if os.name != "nt" else f"allerlei/{len(name)}.txt", 500)
        rows = "".join(f"{n};Artikel {n};{n % 97},{n % 100:02d}\n" for n in range(60_000))
        self._put_bytes("datenbank/wawi.sql", rows.encode() * 8)
        self._put_bytes("preise.csv", b"Artikel;Preis\nTasse;10,00\n")
        for disk in ("platte-a", "platte-b", "stick"):
            (self._stage / disk).mkdir()
        config = self._home / "config"
        config.mkdir(parents=True)
        plan = _PLAN.format(
            source=quoted(str(self._source)),
            a=quoted(str(self._stage / "platte-a")),
            b=quoted(str(self._stage / "platte-b")),
            stick=quoted(str(self._stage / "stick")),
        )
        (config / "plan.toml").write_text(plan, encoding="utf-8")

    def _put(self, name: str, size: int) -> None:
        self._put_bytes(name, self._random.randbytes(size + self._random.randrange(size)))

    def _put_bytes(self, name: str, data: bytes) -> None:
        path = self._source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def _tell_source(self) -> None:
        files = [path for path in self._source.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        self._say(
            "   {n} Dateien, {size} in {path}",
            n=len(files),
            size=size_text(size, self._context.texts.lang),
            path=self._source,
        )

    def _second_day(self) -> None:
        self._put_bytes("preise.csv", b"Artikel;Preis\nTasse;12,50\n")
        (self._source / "rechnungen/2026/RE-00003.pdf").unlink()
        (self._source / "bilder/03").rename(self._source / "bilder/herbst")
        self._put_bytes("datenbank/wawi.sql", self._random.randbytes(6_000_000))
        for number in range(400):
            self._put(f"bilder/neu/foto-{number:04d}.jpg", 60_000)

    def _pull_the_plug(self) -> None:
        running = subprocess.Popen(
            [*_ourselves(), "--home", str(self._home), "--json", "backup"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=os.name != "nt",
            env=self._environment,
        )
        for line in running.stdout or ():
            if '"objects"' in line or '"progress"' in line:
                break
        time.sleep(0.02)
        if sys.platform != "win32":
            os.killpg(running.pid, signal.SIGKILL)
        else:
            running.kill()
        if running.stdout is not None:
            running.stdout.close()
        killed = running.wait() != 0
        ended = t("   Abgebrochen.") if killed else t("   Der Lauf war schneller als der Stecker.")
        self._say(ended)

    def _restore(self, disk: str, name: str, at: str | None, expected: dict[str, str]) -> bool:
        into = self._stage / "zurueck" / name
        more = ["--at", at] if at else []
        self._call("restore", "laden", "--from", disk, "--into", str(into), *more)
        return self._compare(into / "shop", expected)

    def _by_hand(self, expected: dict[str, str]) -> bool:
        if os.name == "nt" or shutil.which("unzip") is None:
            self._say("   (hier nicht vorgeführt: sh oder unzip fehlt)")
            return True
        copy = self._stage / "platte-b" / "laden"
        into = self._stage / "zurueck" / "von-hand"
        ended = subprocess.run(
            ["sh", str(copy / "zurueckholen.sh"), "neuester", str(into)],
            stdout=subprocess.DEVNULL,
            check=False,
        )
        return ended.returncode == 0 and self._compare(into / "shop", expected)

    def _bare_pc(self, disk: str, expected: dict[str, str], *, typed: str = "") -> bool:
        """A PC that knows nothing, and only this one copy is left."""
        shutil.rmtree(self._home)
        for other in self._stage.glob("platte-*"):
            if other.name != disk:
                shutil.rmtree(other)
        self._call("adopt", str(self._stage / disk), typed=typed)
        return self._restore(disk, f"neuer-pc-{disk}", None, expected)

    def _typed_sheet(self) -> str:
        """What somebody types who has the printed sheet before him."""
        page = self._quietly("key", "show", "--text").stdout
        return "\n".join(_LINES.findall(page)[:3])  # the commands below repeat two of them

    # -- tools --------------------------------------------------------------------------------

    def _quietly(self, *args: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Our own command line in a process of its own, as a user would type it."""
        command = [*_ourselves(), "--home", str(self._home), "--lang", self._context.texts.lang]
        return subprocess.run(
            [*command, *args],
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            env=self._environment,
        )

    def _call(self, *args: str, typed: str = "") -> None:
        """The same, shown."""
        ended = self._quietly(*args, typed=typed)
        for line in ended.stdout.splitlines():
            self._context.output.line(f"   {line}")
        if ended.returncode not in (0, 3):
            for line in ended.stderr.splitlines():
                self._context.output.line(f"   {line}")

    def _compare(self, folder: Path, expected: dict[str, str]) -> bool:
        same = _digests(folder) == expected
        n = len(expected)
        self._say(
            t("   {n} Dateien verglichen: gleich.") if same else t("   VERSCHIEDEN: {folder}"),
            n=n,
            folder=folder,
        )
        return same


def _ourselves() -> list[str]:
    return [sys.executable, "-P", "-m", "core"]


def _environment() -> dict[str, str]:
    """Ours, with the place of `core`: the caller may stand anywhere.

    The key of the sample shop goes into a file of its home, sealed with a passphrase nobody needs
    again: the keyring of whoever watches is not ours to write into.
    """
    word = secrets.token_urlsafe(16)
    return {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "LADENTRESOR_PASSPHRASE": word,
    }


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
