"""Makes canary files: a list, a letter and a picture of our own, different in every shop."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import secrets
import zipfile
from datetime import datetime

from core.copies.backing_up import canaries
from core.copies.format import percent
from core.errors import Code, KnownError
from core.sources.folders import Root
from core.store.home import HomeStore

# Sorted first and last: whoever works through a folder meets one early.
NAMES = ("!_Inventur-2019.xlsx", "_Ladenfront-2018.jpg", "zz_Mahnliste-2017.docx")

_DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w='
    '"http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
)
_SHEET = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns='
    '"http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData>'
    "</worksheet>"
)
_BOOK = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><workbook xmlns='
    '"http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="Inventur" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns='
    '"http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default '
    'Extension="xml" ContentType="application/xml"/>{}</Types>'
)
_TYPE = (
    '<Override PartName="/{}" ContentType="application/vnd.openxmlformats-officedocument.{}+xml"/>'
)
_RELATION = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns='
    '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'
    "</Relationships>"
)
_PICTURE = base64.b64decode(
    # a house front of three grey areas, 64 by 48
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVk"
    "VGZIhlbXd7gYKBTmCNl4x9lnN+gXz/wAALCAAwAEABAREA/8QAFwABAQEBAAAAAAAAAAAAAAAAAAQDBf/EACoQAQAA"
    "AQkHBQAAAAAAAAAAAAAEARETFDNCY6LhAgMFFWRygRIhIzJi/9oACAEBAAA/AO6AAAAAjr+HmK/h5me+4nRbEm1Qz+"
    "8320Y876fPoc76fPo13PFaX1fDNN+tGtfw8xX8PMjE8ZZSdyMVQV/wqATxllJ3IxVBX/CoBPGWUncjFUFf8Kh//9k="
)


def place(store: HomeStore, system: str, roots: tuple[Root, ...], now: datetime) -> list[str]:
    """Put canaries into the source folders where they are missing; the places of the new ones.

    A file of the same name that somebody else made is left alone. KnownError SOURCE_UNREADABLE
    when a folder takes nothing.
    """
    made: list[str] = []
    for root in roots:
        for name in NAMES:
            path = os.path.join(os.fsdecode(root.place), name)
            content = content_of(name)
            try:
                with open(path, "xb") as file:
                    file.write(content)
            except FileExistsError:
                continue
            except OSError as error:
                shown, cause = os.fsdecode(root.place), error.strerror or str(error)
                raise KnownError(
                    Code.SOURCE_UNREADABLE, path=shown, system=system, cause=cause
                ) from error
            inside = percent.encode(root.name + b"/" + name.encode())
            canaries.note(
                store, system, inside, hashlib.sha256(content).hexdigest(), placed=True, now=now
            )
            made.append(path)
    return made


def content_of(name: str) -> bytes:
    """What goes into the canary of this name, new each time."""
    rows = [(f"{secrets.randbelow(90_000) + 10_000}", secrets.randbelow(400)) for _ in range(60)]
    if name.endswith(".xlsx"):
        cells = "".join(
            f"<row><c><v>{article}</v></c><c><v>{number}</v></c></row>" for article, number in rows
        )
        return _office(
            "xl/workbook.xml",
            "spreadsheetml.sheet.main",
            _BOOK,
            {
                "xl/worksheets/sheet1.xml": _SHEET.format(cells),
                "xl/_rels/workbook.xml.rels": _RELATION.format(
                    "worksheet", "worksheets/sheet1.xml"
                ),
            },
            _TYPE.format("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet"),
        )
    if name.endswith(".docx"):
        lines = "".join(
            f"<w:p><w:r><w:t>Rechnung {article}: {number} EUR offen</w:t></w:r></w:p>"
            for article, number in rows
        )
        text = _DOCUMENT.format(lines)
        return _office("word/document.xml", "wordprocessingml.document.main", text, {}, "")
    comment = secrets.token_hex(32).encode()
    block = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    return _PICTURE[:2] + block + _PICTURE[2:]


def _office(main: str, kind: str, text: str, others: dict[str, str], more_types: str) -> bytes:
    """A document of the Office family: a ZIP of XML parts."""
    parts = {
        "[Content_Types].xml": _TYPES.format(_TYPE.format(main, kind) + more_types),
        "_rels/.rels": _RELATION.format("officeDocument", main),
        main: text,
        **others,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()
