"""Pages as HTML for mails: one column, no pictures, nothing fetched, readable in any program."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from core.reports.pages import Block, Command, Facts, Heading, Lines, Page, Step, Text, Title

# Mail programs drop style sheets; only attributes are sure to arrive.
_BODY = "margin:0;padding:16px;font-family:sans-serif;font-size:16px;line-height:1.5"
_COLUMN = "max-width:640px;margin:0 auto"
_PALE = "font-size:14px;opacity:0.75"
_BOX = "border:1px solid #8C857A;border-radius:6px;padding:8px 12px;margin:12px 0"
_CODE = "font-family:monospace;white-space:pre-wrap"


def as_html(page: Page) -> str:
    """The page as one HTML document; everything in it is escaped."""
    body = "\n".join(line for block in page.blocks for line in _lines(block))
    return (
        f'<!DOCTYPE html>\n<html lang="{page.lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{escape(page.name)}</title>\n'
        f'</head>\n<body style="{_BODY}">\n<div style="{_COLUMN}">\n{body}\n'
        f'<p style="{_PALE}">{escape(page.foot)}</p>\n</div>\n</body>\n</html>\n'
    )


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Title(text, right, below):
            yield f'<h1 style="font-size:22px;margin:0">{escape(text)}</h1>'
            yield f'<p style="{_PALE};margin:0 0 12px">{escape(_joined(right, below))}</p>'
        case Heading(text):
            yield f'<h2 style="font-size:18px;margin:20px 0 4px">{escape(text)}</h2>'
        case Text(text, strong):
            yield f"<p><strong>{escape(text)}</strong></p>" if strong else f"<p>{escape(text)}</p>"
        case Lines(rows, note):
            for name, groups in rows:
                typed = escape("-".join(groups))
                yield f'<p>{escape(name)}: <span style="{_CODE}">{typed}</span></p>'
            yield f"<p>{escape(note)}</p>"
        case Facts(title, facts):
            yield f'<div style="{_BOX}">'
            yield f'<p style="margin:0"><strong>{escape(title)}</strong></p>'
            for name, value in facts:
                yield f'<p style="margin:4px 0">{escape(name)}: {escape(value)}</p>'
            yield "</div>"
        case Step(number, text, commands):
            yield f"<p>{number}. {escape(text)}</p>"
            yield from map(_command, commands)


def _command(one: Command) -> str:
    where = f"{escape(one.where)}: " if one.where else ""
    return f'<p style="{_CODE}">{where}{escape(" ".join(one.words))}</p>'


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
