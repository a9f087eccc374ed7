"""The form of one system: name, folders, what is left out, how old and how fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLabel, QVBoxLayout, QWidget
from shiboken6 import isValid

from core.plan.edit import Change
from core.plan.model import Mode, Plan, System
from core.setup.changing import (
    SourceDraft,
    SystemDraft,
    draft_of,
    new_system,
    system_changes,
)
from core.sources.patterns import DEFAULT_EXCLUDES
from core.texts.formats import size
from core.texts.plans import LOSSES, OUTAGES, loss, outage
from gui.jobs.port import Ended, Event, Order, Told
from gui.pages.editing import Editor
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, button, clear, column, field, frame, row, text
from gui.widgets.forms import Choice, at_most, labelled, options_in, tick


class SystemEditor(Editor):
    """Changes a system, or makes a new one (`system` None)."""

    def __init__(
        self, look: Look, shop: Shop, kind: str, plan: Plan, system: System | None
    ) -> None:
        t = shop.texts.t
        title = t("{name} ändern", name=system.name) if system else t("Ein System hinzufügen")
        lead = "" if system else t("Wovon lebt Ihr Laden noch?")
        super().__init__(look, shop, kind, title, lead)
        self._plan, self._system = plan, system
        draft = draft_of(system) if system else SystemDraft("")
        self._mode = draft.mode
        self._targets: list[tuple[str, QCheckBox]] = []
        px = look.px
        self.name = field(look, t("Name"), t("etwa Warenwirtschaft"))
        self.name.setMaxLength(80)
        self.name.setText(draft.name)
        self.name.setMaximumWidth(px(460))
        self.body.addLayout(labelled(look, t("Name"), self.name))
        self.body.addSpacing(px(20))
        self._kinds: Choice[Mode] | None = None
        if system is None:
            self._kinds = self._add_kinds()
        self._own = frame("plain", column(gap=px(20)))
        self.sources = [
            SourceFields(look, shop, source, system.id if system else "")
            for source in (draft.sources or ())
        ]
        for one in self.sources:
            self._own_layout.addLayout(one)
        if system is None:
            self._add_targets()
        self.body.addWidget(self._own)
        self.body.addSpacing(px(20))
        self._add_limits(draft)
        self.close_form()
        self._show_kind()

    def begin(self) -> None:
        self.name.setFocus()

    # -- fields -------------------------------------------------------------------------------

    @property
    def _own_layout(self) -> QVBoxLayout:
        found = self._own.layout()
        if not isinstance(found, QVBoxLayout):
            raise TypeError(found)
        return found

    def _add_kinds(self) -> Choice[Mode]:
        look, t = self.look, self.shop.texts.t
        kinds = Choice(
            look,
            t("Wo läuft es?"),
            [
                (Mode.OWN, t("auf diesem PC: Ordner")),
                (Mode.SAAS, t("als Dienst im Netz, etwa ein Shop oder ein Postfach")),
                (Mode.HOSTED, t("auf einem gemieteten Server")),
            ],
            Mode.OWN,
        )
        kinds.currentIndexChanged.connect(lambda *_: self._show_kind())
        self._kind_note = text(look, "", Role.SECONDARY, look.tokens.ink2)
        self.body.addLayout(labelled(look, t("Wo läuft es?"), kinds, self._kind_note))
        self.body.addSpacing(look.px(20))
        return kinds

    def _show_kind(self) -> None:
        if self._kinds is None:
            self._own.setVisible(bool(self.sources))
            return
        self._mode = self._kinds.value
        own = self._mode is Mode.OWN
        self._own.setVisible(own)
        self._kind_note.setVisible(not own)
        self._kind_note.setText(
            self.shop.texts.t(
                "Diese Fassung kann davon noch keine Kopie machen. Das System wird vermerkt und"
                " gilt als nicht gesichert, bis es das kann."
            )
        )

    def _add_targets(self) -> None:
        look, t = self.look, self.shop.texts.t
        for where in self._plan.destinations:
            made = tick(look, where.name, on=True, name=t("Auf {name} kopieren", name=where.name))
            self._targets.append((where.id, made))
        boxes = [box for _, box in self._targets]
        self._own_layout.addLayout(labelled(look, t("Wohin kopieren?"), *boxes))

    def _add_limits(self, draft: SystemDraft) -> None:
        look, texts, t = self.look, self.shop.texts, self.shop.texts.t
        self.rpo = Choice(
            look, t("Was darf höchstens verloren gehen?"),
            options_in(LOSSES, draft.rpo, lambda one: loss(one, texts)), draft.rpo,
        )  # fmt: skip
        self.rto = Choice(
            look, t("Wann soll es spätestens wieder laufen?"),
            options_in(OUTAGES, draft.rto, lambda one: outage(one, texts)), draft.rto,
        )  # fmt: skip
        note = t("Danach richtet sich, ab wann eine Kopie als überfällig gilt.")
        self.body.addLayout(
            labelled(look, t("Was darf höchstens verloren gehen?"), self.rpo, note=note)
        )
        self.body.addSpacing(look.px(20))
        self.body.addLayout(labelled(look, t("Wann soll es spätestens wieder laufen?"), self.rto))

    # -- saving -------------------------------------------------------------------------------

    def draft(self) -> SystemDraft:
        """What stands in the fields."""
        return SystemDraft(
            self.name.text(),
            tuple(one.draft for one in self.sources),
            self.rpo.value,
            self.rto.value,
            self._mode,
        )

    def lack(self) -> str:
        t = self.shop.texts.t
        if not self.name.text().strip():
            return t("Geben Sie dem System einen Namen.")
        if self._mode is Mode.OWN and self.sources and not any(
            one.draft.paths for one in self.sources
        ):  # fmt: skip
            return t("Wählen Sie mindestens einen Ordner.")
        return ""

    def changes(self) -> Sequence[Change]:
        if self._system is not None:
            return system_changes(self._system, self.draft())
        chosen = [id for id, box in self._targets if box.isChecked()]
        return new_system(self._plan, self.draft(), chosen)


class SourceFields(QVBoxLayout):
    """Folders that share their patterns, and these patterns."""

    def __init__(self, look: Look, shop: Shop, draft: SourceDraft, system: str) -> None:
        super().__init__()
        self._look, self._shop, self.draft, self._system = look, shop, draft, system
        self._notes: dict[str, str] = {}
        t, px = shop.texts.t, look.px
        self.setSpacing(px(20))
        self._folders = column(gap=px(2))
        folders = labelled(look, t("Ordner"))
        folders.addLayout(self._folders)
        folders.addLayout(self._line(button(look, t("Ordner hinzufügen …"), self._pick,
                                            icon="plus")))  # fmt: skip
        self.addLayout(folders)
        left_out = labelled(
            look, t("Was ausgelassen wird"),
            note=t("Ein Muster ist ein Name mit Platzhaltern: *.bak oder Archiv/"),
        )  # fmt: skip
        self.usual = tick(look, t("das Übliche: Zwischenspeicher, Papierkörbe, Vorschaubilder"),
                          on=draft.default_excludes)  # fmt: skip
        self.usual.toggled.connect(self._toggled)
        left_out.addWidget(self.usual)
        self._usual_words = text(look, "", Role.SECONDARY, look.tokens.ink2)
        left_out.addWidget(self._usual_words)
        self._patterns = column(gap=px(2))
        left_out.addLayout(self._patterns)
        self.pattern = field(look, t("Neues Muster"), t("etwa *.bak oder Archiv/"))
        self.pattern.setMinimumWidth(px(270))
        self.pattern.returnPressed.connect(self.add_pattern)
        adding = Flow(px(12), px(8))
        adding.addWidget(self.pattern)
        adding.addWidget(button(look, t("Auslassen"), self.add_pattern, icon="plus"))
        left_out.addLayout(adding)
        self._asking = button(look, t("Zeigen, was die Muster gerade auslassen"), self.ask,
                              kind="link")  # fmt: skip
        self._asking.setVisible(bool(system))
        left_out.addLayout(self._line(self._asking))
        self.addLayout(left_out)
        self._show()

    def _line(self, widget: QWidget) -> Flow:
        made = Flow(self._look.px(12), self._look.px(6))
        made.addWidget(widget)
        return made

    # -- folders ------------------------------------------------------------------------------

    def _pick(self) -> None:
        parent = self.parentWidget()
        t = self._shop.texts.t
        folder = QFileDialog.getExistingDirectory(parent, t("Ordner hinzufügen"))
        if folder:
            self.add_folder(folder)

    def add_folder(self, folder: str) -> None:
        """One more folder, once."""
        path = str(Path(folder))
        if path not in self.draft.paths:
            self._take(replace(self.draft, paths=(*self.draft.paths, path)))

    def drop_folder(self, folder: str) -> None:
        """One folder less; it goes once the form is saved."""
        kept = tuple(one for one in self.draft.paths if one != folder)
        self._take(replace(self.draft, paths=kept))

    # -- patterns -----------------------------------------------------------------------------

    def add_pattern(self) -> None:
        """What stands in the field is left out too."""
        words = self.pattern.text().strip()
        if words and words not in self.draft.exclude:
            self._take(replace(self.draft, exclude=(*self.draft.exclude, words)))
        self.pattern.clear()

    def drop_pattern(self, pattern: str) -> None:
        """A pattern less."""
        kept = tuple(one for one in self.draft.exclude if one != pattern)
        self._take(replace(self.draft, exclude=kept))

    def _toggled(self, on: bool) -> None:
        self._take(replace(self.draft, default_excludes=on))

    def ask(self) -> None:
        """Have it counted what each pattern leaves out now; a job, for it looks at every file."""
        if not self._system:
            return
        t = self._shop.texts.t
        self._asking.setEnabled(False)
        self._asking.setText(t("Wird gezählt …"))
        self._notes = {}
        extra = [word for one in self.draft.exclude for word in ("--exclude", one)]
        self._shop.runner.start(Order(("plan", "left-out", self._system, *extra)), self._heard)

    def _heard(self, event: Event) -> None:
        if not isValid(self):
            return  # the form was left meanwhile
        texts = self._shop.texts
        if isinstance(event, Told) and event.kind == "" and "pattern" in event.fields:
            files, weight = (_number(event.fields.get(name)) for name in ("files", "bytes"))
            words = texts.t("nichts")
            if files:
                words = f"{texts.n('eine Datei', '{n} Dateien', files)}, {size(weight, texts.lang)}"
            self._notes[str(event.fields["pattern"])] = words
        elif isinstance(event, Ended):
            self._asking.setEnabled(True)
            self._asking.setText(texts.t("Zeigen, was die Muster gerade auslassen"))
            self._show()

    # -- showing ------------------------------------------------------------------------------

    def _take(self, draft: SourceDraft) -> None:
        self.draft = draft
        QTimer.singleShot(0, self, self._show)  # not from within a button that goes with it

    def _show(self) -> None:
        t = self._shop.texts.t
        clear(self._folders)
        for folder in self.draft.paths:
            drop = self._shop.texts.t("{path} nicht mehr sichern", path=folder)
            self._folders.addLayout(
                self._row(folder, "", drop, lambda folder=folder: self.drop_folder(folder))  # type: ignore[misc]  # a default keeps the folder
            )
        clear(self._patterns)
        for pattern in self.draft.exclude:
            drop = t("Muster {pattern} streichen", pattern=pattern)
            note = self._notes.get(pattern, "")
            self._patterns.addLayout(
                self._row(pattern, note, drop, lambda one=pattern: self.drop_pattern(one))  # type: ignore[misc]  # a default keeps the pattern
            )
        said = [
            f"{one} ({self._notes[one]})" if one in self._notes else one for one in DEFAULT_EXCLUDES
        ]
        self._usual_words.setText(", ".join(said))
        self._usual_words.setVisible(self.draft.default_excludes)

    def _row(self, words: str, note: str, drop: str, done: Callable[[], object]) -> QVBoxLayout:
        look = self._look
        line = row(gap=look.px(12))
        label: QLabel = text(look, words.replace("/", "/\u200b"), Role.BODY)
        label.setAccessibleName(words)
        line.addWidget(label, 1)
        if note:
            line.addWidget(text(look, note, Role.SECONDARY, look.tokens.ink2, wrap=False))
        gone = button(look, "", done, kind="link")
        gone.setIcon(look.icon("x", look.tokens.ink2))
        gone.setIconSize(QSize(look.px(20), look.px(20)))
        gone.setMinimumWidth(look.px(32))
        gone.setAccessibleName(drop)
        gone.setToolTip(drop)
        line.addWidget(gone)
        made = column()
        holder = QWidget()
        line.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(line)
        holder.setMaximumWidth(look.px(640))
        made.addLayout(at_most(holder))
        return made


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
