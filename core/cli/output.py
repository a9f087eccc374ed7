"""Printing: sentences and bars for people, JSON lines for programs. The only place that prints."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from core.copies.events import Phase
from core.errors import KnownError
from core.plan.toml_text import quoted
from core.texts import Texts, t
from core.texts.errors import describe
from core.texts.formats import count, rate, size
from core.texts.names import skip_reason

_BAR_SECONDS = 0.25
_MOST_LEFT_OUT = 20

# What a note of the engine says to people; `{…}` are its parameters. Not listed: JSON only.
_NOTES = {
    "skipped": t("Ausgelassen: {path} ({reason})"),
    "host_key_pinned": t(
        "{host} zum ersten Mal gesehen und gemerkt: {fingerprint}. Ab jetzt wird nur diesem "
        "Schlüssel geglaubt. Vergleichen Sie ihn mit dem, den das Gerät anzeigt."
    ),
    "index_broken": t("Das Verzeichnis dieser Kopie war beschädigt und wird neu aufgebaut."),
    "store_broken": t("Die eigene Datenbank war beschädigt; sie liegt jetzt beiseite."),
    "relearnt": t("Frühere Läufe und Nachweise sind aus {destination} wieder da: {count}"),
    "state_partial": t(
        "Der Stand {run} ist unvollständig, weil sein Lauf noch nicht fertig war. In ihm können"
        " Dateien fehlen."
    ),
    "state_suspect": t(
        "Der Stand {run} entstand, als ungewöhnlich viel verändert war; ob das gewollt ist, hat"
        " niemand gesagt. „{program} snapshots“ zeigt den letzten unverdächtigen."
    ),
    "newer_partial": t(
        "Genommen ist der neueste vollständige Stand, {run}. Neuer, aber unvollständig ist {newer};"
        " mit „--at {newer}“ bekommen Sie ihn."
    ),
    "state_missing": t("Der Stand {run} ist von der Kopie verschwunden."),
    "data_missing": t("Der Datenordner {run} ist von der Kopie verschwunden."),
    "record_broken": t("Der Stand {run} ist beschädigt."),
    "contents_damaged": t("Das Inhaltsverzeichnis von {run} ist beschädigt."),
    "list_damaged": t("Die Liste von {run} ist beschädigt."),
    "record_put_back": t("Der Beleg des Standes {run} war beschädigt; jetzt ist er wieder heil."),
    "contents_written_anew": t(
        "Das Inhaltsverzeichnis von {run} war beschädigt; es ist neu geschrieben."
    ),
    "list_lost": t("{path} ist beschädigt. Stände mit dieser Liste lassen sich nicht zurückholen."),
    "handbook_written_anew": t("Die Anleitungen in der Kopie sind neu geschrieben: {path}"),
    "marker_written_anew": t("Woran die Kopie zu erkennen ist, ist neu geschrieben: {path}"),
    "contents_missing": t("{count} Inhalte fehlen in der Kopie; sie werden neu gesichert."),
    "damage": t("Schaden: {path}"),
    "gate_reminder": t(
        "Seit drei Tagen ist eine Frage offen: Sind die vielen Änderungen in „{system}“ gewollt?"
    ),
    "healed": t(
        "Aus der Kopie {source} neu gesichert, was in {destination} beschädigt war: {count}"
    ),
    "not_healed": t(
        "Nicht mehr zurückzuholen ist {path}, Stände: {states}, zuletzt {run}."
        " In anderen Kopien noch da: {elsewhere}"
    ),
    "not_healed_more": t("Und noch {count} weitere Dateien."),
}


class Output:
    """Listener and printer of one command.

    names: what the plan calls its destinations, by id; empty until a plan is read. hear: is told
    every event too, whatever the form of the output.
    """

    hear: Callable[[Mapping[str, Any]], None] | None = None

    def __init__(self, texts: Texts, *, as_json: bool, out: TextIO, err: TextIO) -> None:
        self.texts = texts
        self.as_json = as_json
        self.names: Mapping[str, str] = {}
        self._out = out
        self._err = err
        self._bar_shown = False
        self._last_bar = 0.0
        self._bars = not as_json and err.isatty()
        self._began = time.monotonic()
        self._left_out: set[str] = set()

    # -- results ------------------------------------------------------------------------------

    def line(self, text: str = "") -> None:
        """One line for people; nothing in JSON."""
        if not self.as_json:
            self._clear_bar()
            print(text, file=self._out, flush=True)

    def say(self, msgid: str, **params: object) -> None:
        """A translated line for people; marked for extraction by its keyword `say`."""
        self.line(self.texts.t(msgid, **params))

    def record(self, kind: str, /, **fields: object) -> None:
        """One JSON line; nothing for people."""
        if self.hear is not None:
            self.hear({"event": kind, **fields})
        if self.as_json:
            print(
                json.dumps({"event": kind, **fields}, ensure_ascii=False),
                file=self._out,
                flush=True,
            )

    def raw(self, text: str) -> None:
        """Text as it is, in both forms."""
        print(text, file=self._out, flush=True)

    def copy_label(self, system: str, destination: str) -> str:
        """`laden → platte (USB-Platte A)`: ids as they are typed, the name as people know it."""
        name = self.names.get(destination, destination)
        return f"{system} → {destination}" + ("" if name == destination else f" ({name})")

    def destination_names(self, ids: Iterable[str]) -> str:
        """„NAS im Lager“ (nas), „USB-Platte“ (platte): as people know them, with their ids."""
        return ", ".join(f"„{self.names[id]}“ ({id})" if id in self.names else id for id in ids)

    def item(self, fields: dict[str, object], text: str) -> None:
        """A result: an object of its own in JSON, a line for people."""
        if self.as_json:
            print(json.dumps(fields, ensure_ascii=False), file=self._out, flush=True)
        else:
            self.line(text)

    def error(self, error: KnownError) -> None:
        """A failure: sentence, what is at risk, next step; on stderr, in JSON also on stdout."""
        said = describe(self.texts, error, self.names)
        self.record(
            "error",
            code=str(error.code),
            exit=int(error.exit),
            params=error.params,
            sentence=said.sentence,
            risk=said.risk,
            next_step=said.next_step,
        )
        if not self.as_json:
            self._clear_bar()
            print(said.sentence, file=self._err)
            if said.risk:
                print(f"  {said.risk}", file=self._err)
            if said.next_step:
                print(f"  → {said.next_step}", file=self._err, flush=True)

    # -- Listener -----------------------------------------------------------------------------

    def phase(self, phase: Phase, *, system: str, destination: str) -> None:
        self.record("phase", phase=phase, system=system, destination=destination)

    def progress(self, *, files: int, size: int, current: str) -> None:
        now = time.monotonic()
        if now - self._last_bar < _BAR_SECONDS:
            return
        self._last_bar = now
        self.record("progress", files=files, bytes=size)
        if self._bars:
            self._show_bar(files, size)

    def note(self, kind: str, /, **params: str | int) -> None:
        self.record("note", note=kind, **params)
        msgid = _NOTES.get(kind)
        if msgid is None or self.as_json:
            return
        self._clear_bar()
        if kind == "skipped":
            self._show_skipped(msgid, str(params["path"]), str(params["reason"]))
        else:
            print(self.texts.t(msgid, **params), file=self._err, flush=True)

    def _show_skipped(self, said: str, path: str, reason: str) -> None:
        """What was left out, once for all copies, and how to accept it where a person may."""
        if path in self._left_out or len(self._left_out) > _MOST_LEFT_OUT:
            return
        self._left_out.add(path)
        t = self.texts.t
        if len(self._left_out) > _MOST_LEFT_OUT:
            print(t("Ausgelassen sind noch mehr; „{program} browse“ zeigt sie."), file=self._err)
            return
        why = skip_reason(self.texts, reason)
        print(t(said, path=path, reason=why), file=self._err, flush=True)
        below = path.partition("/")[2]
        if reason == "anderes_dateisystem" and below.isprintable():
            line = f"exclude = [{quoted(f'/{below}/')}]"
            hint = t(
                "  → Soll es draußen bleiben, schreiben Sie im Plan unter [[systems.sources]]:"
            )
            print(f"{hint} {line}", file=self._err, flush=True)

    def _show_bar(self, files: int, size_bytes: int) -> None:
        lang = self.texts.lang
        seconds = max(0.001, time.monotonic() - self._began)
        speed = rate(size_bytes / seconds, lang)
        text = f"  {count(files, lang)} · {size(size_bytes, lang)} · {speed}"
        print(f"\r\x1b[K{text}", end="", file=self._err, flush=True)
        self._bar_shown = True

    def _clear_bar(self) -> None:
        if self._bar_shown:
            print("\r\x1b[K", end="", file=self._err)
            self._bar_shown = False


def standard_output(texts: Texts, *, as_json: bool) -> Output:
    """The output of this process; never fails on names a terminal cannot show."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return Output(texts, as_json=as_json, out=sys.stdout, err=sys.stderr)
