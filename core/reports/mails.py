"""The mails: warnings, the weekly summary, the test mail; as text and HTML, in the reader's words.

The writer of `core.alerts`. Subjects name systems and destinations as people call them, never a
path, a file or an address: they show on locked screens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

import msgspec

from core.alerts.digest import Summary
from core.alerts.message import Written
from core.alerts.model import Notice, Stage
from core.clock import parse_stamp
from core.health.model import CopyVerdict, SystemVerdict
from core.plan.model import Person, Plan, Role
from core.reports.html import as_html
from core.reports.pages import Block, Facts, Heading, Page, Text, Title, as_text
from core.store.events import EventRow
from core.texts import PROGRAM, Lang, Texts
from core.texts.alerts import SEVERITIES, STAGES, Names, plain_name, say_event
from core.texts.errors import Described
from core.texts.formats import age, count, date_time, visible
from core.texts.health import GAPS, REASONS, STEPS, percent, say

_MOST = 20
"""Events told one by one; a mail is no list to scroll through."""
_BUBBLE = 200


class MailWriter:
    """Writes for the people of one plan. program: how they start us. zone: None is this PC's."""

    def __init__(self, plan: Plan, *, program: str = PROGRAM, zone: tzinfo | None = None) -> None:
        self._plan = plan
        self._program = program
        self._zone = zone
        self._names = Names(
            {system.id: system.name for system in plan.systems},
            {where.id: where.name for where in plan.destinations},
        )

    # -- what the office asks for -----------------------------------------------------------------

    def alert(self, person: Person, notices: Sequence[Notice], now: datetime) -> Written:
        """What somebody is told now; the gravest comes first."""
        texts = self._texts(person.lang)
        first = self._short(texts, notices[0].event, now)
        if len(notices) == 1:
            subject = texts.t("Ladentresor: {first}", first=first)
        else:
            subject = texts.n(
                "Ladentresor: {first} Und noch eine Warnung",
                "Ladentresor: {first} Und noch {n} Warnungen",
                len(notices) - 1,
                first=first,
            )
        blocks: list[Block] = [self._title(texts, texts.t("Das braucht jemanden"), now)]
        if any(one.stage is Stage.ESCALATED for one in notices):
            blocks.append(Text(self._why_deputy(texts, person)))
        for one in notices[:_MOST]:
            blocks.append(self._event(texts, one.event, now, stage=one.stage))
        if len(notices) > _MOST:
            more = texts.t("Alle zeigt: {program} alerts list")
            blocks.append(Text(more, strong=True))
        blocks.append(
            Text(
                texts.t(
                    "Haben Sie es gesehen, sagen Sie es mit der Nummer:"
                    " {program} alerts ack NUMMER. Dann erinnert Sie niemand jede Woche, und die"
                    " Vertretung bleibt ungestört."
                )
            )
        )
        return self._written(texts, subject, blocks)

    def digest(self, person: Person, summary: Summary, now: datetime) -> Written:
        """The weekly summary: n of m, then what is behind it."""
        texts = self._texts(person.lang)
        n_of_m = texts.t("{n} von {m} Kopien zählen", n=summary.counting, m=summary.copies)
        if summary.is_good:
            subject = texts.t("Ladentresor, die Woche: {n_of_m}", n_of_m=n_of_m)
        elif not summary.good:
            subject = texts.t("Ladentresor, die Woche: nichts gesichert, {n_of_m}", n_of_m=n_of_m)
        else:
            subject = texts.t("Ladentresor, die Woche: {n_of_m}, bitte ansehen", n_of_m=n_of_m)
        blocks: list[Block] = [self._title(texts, texts.t("Die Woche: {what}", what=n_of_m), now)]
        blocks += self._week(texts, summary)
        for verdict in summary.verdicts:
            blocks += self._system(texts, verdict, summary, now)
        if summary.events:
            blocks.append(Heading(texts.t("Offen")))
            blocks += [self._event(texts, row, now) for row in summary.events[:_MOST]]
        if summary.over:
            blocks.append(Heading(texts.t("Seither in Ordnung")))
            blocks += [Text(self._short(texts, row, now)) for row in summary.over[:_MOST]]
        return self._written(texts, subject, blocks)

    def test(self, person: Person, code: str, now: datetime) -> Written:
        """The test mail; the code stands in the mail, not in its subject."""
        texts = self._texts(person.lang)
        blocks: list[Block] = [
            self._title(texts, texts.t("Testmail"), now),
            Text(texts.t("Guten Tag, {name},", name=person.name)),
            Text(texts.t("Warnungen von Ladentresor kommen an dieser Adresse an.")),
            Text(texts.t("Damit das auch bewiesen ist, tippen Sie am PC des Ladens ein:")),
            Text(f"{self._program} alerts confirm {code}", strong=True),
            Text(texts.t("Der Code gilt sieben Tage.")),
        ]
        return self._written(texts, texts.t("Ladentresor: Testmail"), blocks)

    def bubble(self, notices: Sequence[Notice], now: datetime) -> tuple[str, str]:
        """Title and text for the screen, in the language of the first owner."""
        owner = next((one for one in self._plan.people if one.role is Role.OWNER), None)
        texts = self._texts(owner.lang if owner else "de")
        title = texts.n(
            "Ladentresor braucht Sie", "Ladentresor braucht Sie: {n} Warnungen", len(notices)
        )
        text = self._short(texts, notices[0].event, now)
        step = self._said(texts, notices[0].event, now).next_step
        if len(text) + len(step) < _BUBBLE:
            text = f"{text}\n{step}"
        return title, text

    # -- parts ------------------------------------------------------------------------------------

    def _texts(self, lang: Lang) -> Texts:
        return Texts(lang, program=self._program)

    def _title(self, texts: Texts, text: str, now: datetime) -> Title:
        return Title(text, visible(self._plan.shop), date_time(now, texts.lang, zone=self._zone))

    def _written(self, texts: Texts, subject: str, blocks: Sequence[Block]) -> Written:
        foot = texts.t(
            "Geschrieben von Ladentresor auf dem PC des Ladens. Antworten liest niemand."
        )
        page = Page(subject, texts.lang, tuple(blocks), foot)
        return Written(subject, as_text(page), as_html(page))

    def _said(self, texts: Texts, row: EventRow, now: datetime) -> Described:
        params = msgspec.json.decode(row.params, type=dict[str, str | int])
        return say_event(
            texts,
            row.code,
            params,
            system=row.system,
            destination=row.destination,
            names=self._names,
            now=now,
        )

    def _short(self, texts: Texts, row: EventRow, now: datetime) -> str:
        """The sentence alone, without the details of a failure."""
        params = msgspec.json.decode(row.params, type=dict[str, str | int])
        params.pop("code", None)
        short = row._replace(params=msgspec.json.encode({"what": "", **params}).decode())
        return self._said(texts, short, now).sentence.strip()

    def _event(
        self, texts: Texts, row: EventRow, now: datetime, *, stage: Stage | None = None
    ) -> Facts:
        said, t = self._said(texts, row, now), texts.t
        head = t(SEVERITIES.get(row.severity, row.severity))
        if stage is not None:
            head = f"{head}, {t(STAGES[stage])}"
        since = date_time(parse_stamp(row.since), texts.lang, zone=self._zone)
        rows = [
            (t("Seit"), since),
            (t("Was das heißt"), said.risk),
            (t("Nächster Schritt"), said.next_step),
            (t("Nummer"), str(row.id) + (t(", gesehen") if row.acked else "")),
        ]
        return Facts(
            f"{head}: {said.sentence}", tuple((name, value) for name, value in rows if value)
        )

    def _why_deputy(self, texts: Texts, person: Person) -> str:
        owners = ", ".join(
            one.name for one in self._plan.people if one.role is Role.OWNER and one != person
        )
        if not owners:
            return texts.t("Sie bekommen diese Mail als Vertretung.")
        return texts.t(
            "Sie bekommen diese Mail als Vertretung: Von {owners} hat noch niemand gesagt, dass es"
            " gesehen ist.",
            owners=owners,
        )

    def _week(self, texts: Texts, summary: Summary) -> Iterator[Block]:
        if summary.is_good:
            headline = texts.t("Alles ist kopiert und zurückgelesen, nichts ist offen.")
        elif not summary.good:
            headline = texts.t("In dieser Woche ist nichts gesichert worden.")
        else:
            headline = texts.t("Nicht alles ist, wie es der Plan verlangt.")
        yield Text(headline, strong=True)
        yield Text(
            texts.t(
                "Läufe: {good} von {runs} haben Dateien gesehen und sind durchgekommen."
                " Ausgelassene Einträge: {left_out}.",
                good=count(summary.good, texts.lang),
                runs=count(summary.runs, texts.lang),
                left_out=count(summary.left_out, texts.lang),
            )
        )

    def _system(
        self, texts: Texts, verdict: SystemVerdict, summary: Summary, now: datetime
    ) -> Iterator[Block]:
        facts = verdict.facts
        yield Heading(
            texts.t(
                "{system}: {three} von 3 Kopien, {two} von 2 Gerätearten, außer Haus {away}",
                system=plain_name(self._names.systems, facts.system),
                three=verdict.three,
                two=verdict.two,
                away=texts.t("eine, laut Angabe") if verdict.away else texts.t("keine"),
            )
        )
        for copy in verdict.copies:
            run = summary.newest.get((facts.system, copy.facts.destination), "")
            yield self._copy(texts, copy, run, now)
        said = [
            say(texts, GAPS, gap.code, gap.params, now, self._destinations) for gap in verdict.gaps
        ]
        if verdict.step is not None:
            step = verdict.step
            said.append("→ " + say(texts, STEPS, step.code, step.params, now, self._destinations))
        yield from map(Text, said)

    def _copy(self, texts: Texts, copy: CopyVerdict, run: str, now: datetime) -> Facts:
        t, facts = texts.t, copy.facts
        name = plain_name(self._names.destinations, facts.destination)
        reasons = "; ".join(
            say(texts, REASONS, why.code, why.params, now, self._destinations) for why in copy.why
        )
        rows = [
            (t("kopiert"), age(facts.copied, now, texts.lang, zone=self._zone)),
            (t("zurückgelesen"), percent(facts.read_back.read_share, texts)),
            (t("wiederhergestellt"), age(facts.restored, now, texts.lang, zone=self._zone)),
            (t("neuester Stand"), run or t("noch keiner")),
        ]
        title = t("{name}: zählt", name=name)
        if reasons:
            title = t("{name}: zählt nicht, {reasons}", name=name, reasons=reasons)
        return Facts(title, tuple(rows))

    @property
    def _destinations(self) -> dict[str, str]:
        names = self._names.destinations
        return {id: plain_name(names, id) for id in names}
