"""Pages as PDF on A4, with the fonts every PDF reader has. The only place that knows reportlab."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

from core.reports.commands import wrap
from core.reports.pages import (
    Block,
    Command,
    Facts,
    Heading,
    Lines,
    Page,
    Step,
    Text,
    Title,
    printable,
)

_INK, _PALE, _RULE, _GROUND = map(HexColor, ("#1B1A17", "#5C574E", "#8C857A", "#F4F0E8"))
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_CODE, _CODE_SIZE = "Courier", 8.2
_INDENT = 5 * mm
_PADDING = 6
"""What reportlab leaves free at each side of a frame, in points."""


def _style(name: str, size: float, leading: float, **more: object) -> ParagraphStyle:
    font = more.pop("fontName", "Helvetica")
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=leading, textColor=_INK, **more
    )


_BODY = _style("body", 9, 12.2)
_STRONG = _style("strong", 9, 12.2, fontName="Helvetica-Bold")
_SMALL = _style("small", 7.8, 10.4, fontName="Helvetica")
_TITLE = _style("title", 20, 24, fontName="Helvetica-Bold")
_RIGHT = _style("right", 9.5, 24, alignment=2)
_HEADING = _style("heading", 11.5, 15, fontName="Helvetica-Bold", spaceBefore=7, spaceAfter=1)
_STEP = _style("step", 9, 12.2, leftIndent=_INDENT, firstLineIndent=-_INDENT, spaceBefore=3)
_COMMAND = _style("command", _CODE_SIZE, 11, fontName=_CODE)


def as_pdf(page: Page) -> bytes:
    """The page as the bytes of a PDF. Its metadata name the document, nothing else."""
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=9 * mm,
        bottomMargin=16 * mm,
        title=printable(page.name),
        author="Ladentresor",
        subject="",
        creator="Ladentresor",
        lang=page.lang,
    )
    document.build(list(_flowables(page.blocks)), canvasmaker=_numbered(printable(page.foot)))
    return buffer.getvalue()


def _numbered(foot: str) -> type[Canvas]:
    """A canvas that writes foot and page number once it is known how many pages there are."""

    class Numbered(Canvas):  # type: ignore[misc]  # reportlab carries no types
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, state in enumerate(self._pages, start=1):
                self.__dict__.update(state)
                self.setStrokeColor(_RULE)
                self.setLineWidth(0.5)
                self.line(_MARGIN, 13 * mm, A4[0] - _MARGIN, 13 * mm)
                self.setFillColor(_PALE)
                self.setFont("Helvetica", 7.5)
                self.drawString(_MARGIN, 9.5 * mm, foot)
                self.drawRightString(A4[0] - _MARGIN, 9.5 * mm, f"{number} / {len(self._pages)}")
                super().showPage()
            super().save()

    return Numbered


def _flowables(blocks: Sequence[Block]) -> Iterator[Flowable]:
    for block in blocks:
        match block:
            case Title():
                yield from _title(block)
            case Heading(text):
                yield _paragraph(text, _HEADING)
            case Text(text, strong):
                yield _paragraph(text, _STRONG if strong else _BODY)
                yield Spacer(0, 3)
            case Lines():
                yield from _key(block)
            case Facts():
                yield from _facts(block)
            case Step():
                yield KeepTogether(list(_step(block)))


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(text)), style)


def _title(title: Title) -> Iterator[Flowable]:
    head = Table(
        [[_paragraph(title.text, _TITLE), _paragraph(title.right, _RIGHT)]],
        colWidths=[_WIDTH * 0.58, _WIDTH * 0.42],
        style=[("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0)],
    )
    yield head
    below = Table(
        [[_paragraph(title.below, _BODY)]],
        colWidths=[_WIDTH],
        style=[
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("LINEBELOW", (0, 0), (-1, -1), 1, _INK),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
        ],
    )
    yield below
    yield Spacer(0, 6)


def _key(lines: Lines) -> Iterator[Flowable]:
    """Groups in columns, each dash in a column of its own, so that nobody overlooks one."""
    big = _style("key", 15, 19, fontName="Courier-Bold", alignment=1)
    dash = _style("dash", 15, 19, fontName="Courier", alignment=1)
    last = _style("check", 11, 15, fontName="Courier", alignment=1)
    rows = []
    for number, (name, groups) in enumerate(lines.rows, start=1):
        style = last if number == len(lines.rows) else big
        row: list[Flowable] = [_paragraph(name, _SMALL)]
        for at, group in enumerate(groups):
            if at:
                row.append(_paragraph("-", last if style is last else dash))
            row.append(_paragraph(group, style))
        rows.append(row)
    count = len(lines.rows[0][1])
    gap = 6 * mm
    wide = (_WIDTH - 20 * mm - gap * (count - 1)) / count
    widths = [20 * mm, *([wide, gap] * count)[:-1]]
    yield Spacer(0, 3)
    yield Table(
        rows,
        colWidths=widths,
        style=[
            ("BACKGROUND", (0, 0), (-1, -1), _GROUND),
            ("BOX", (0, 0), (-1, -1), 0.8, _INK),
            ("LINEABOVE", (0, -1), (-1, -1), 0.4, _RULE),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (0, -1), 6),
            ("LEFTPADDING", (1, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
        ],
    )
    yield Spacer(0, 3)
    yield _paragraph(lines.note, _SMALL)


def _facts(facts: Facts) -> Iterator[Flowable]:
    rows: list[list[Flowable | str]] = [
        [_paragraph(name, _SMALL), _paragraph(value, _BODY) if value else ""]
        for name, value in facts.rows
    ]
    blanks = [
        ("LINEBELOW", (1, at), (1, at), 0.5, _RULE)
        for at, (_, value) in enumerate(facts.rows)
        if not value
    ]
    table = Table(
        rows,
        colWidths=[40 * mm, _WIDTH - 40 * mm],
        style=[
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0.5),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            *blanks,
        ],
    )
    yield KeepTogether([_paragraph(facts.title, _STRONG), table, Spacer(0, 4)])


def _step(step: Step) -> Iterator[Flowable]:
    yield _paragraph(f"{step.number}.  {step.text}", _STEP)
    for one in step.commands:
        yield _command(one)


def _command(one: Command) -> Flowable:
    """A command in fixed type; its lines are broken by us, never by the paragraph."""
    label = max(5 * mm, stringWidth(one.where, "Helvetica", 7.8) + 8) if one.where else 0
    room = _WIDTH - _INDENT - label - 6
    width = int(room / (_CODE_SIZE * 0.6))
    lines = [escape(line) for line in wrap([printable(word) for word in one.words], width)]
    code = Paragraph("<br/>".join(line.replace(" ", "\u00a0") for line in lines), _COMMAND)
    cells = [[_paragraph(one.where, _SMALL), code]] if one.where else [[code]]
    return Table(
        cells,
        colWidths=[label, room + 6] if one.where else [room + 6],
        hAlign="RIGHT",
        style=[
            ("BACKGROUND", (-1, 0), (-1, -1), _GROUND),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("LEFTPADDING", (0, 0), (-2, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 2, HexColor("#FFFFFF")),
        ],
    )
