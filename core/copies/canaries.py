"""Canary files: nobody needs them, so nobody changes them, except who changes everything.

Placed in source folders only when a person asks for it. They are known by their sha256; that
stands among the proofs and so travels with every state.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import stamp
from core.copies import percent
from core.errors import Code, KnownError
from core.sources.folders import Root
from core.store.home import HomeStore, Proof

KIND = "canary"
_PLACED, _GIVEN_UP = "placed", "given_up"
_MOST = 1024 * 1024

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


@dataclass(frozen=True, slots=True)
class Touched:
    """A canary that is not as it was placed; sha256: of what stands there now, empty when gone."""

    path: bytes
    sha256: bytes


def place(store: HomeStore, system: str, roots: tuple[Root, ...], now: datetime) -> list[str]:
    """Put canaries into the source folders where they are missing; the places of the new ones.

    A file of the same name that somebody else made is left alone. KnownError SOURCE_UNREADABLE
    when a folder takes nothing.
    """
    made: list[str] = []
    for root in roots:
        for name in NAMES:
            path = os.path.join(os.fsdecode(root.place), name)
            content = _content(name)
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
            _note(store, system, inside, hashlib.sha256(content).hexdigest(), _PLACED, now)
            made.append(path)
    return made


def known(store: HomeStore, system: str) -> dict[str, str]:
    """The canaries of a system: path within it (percent text) → sha256."""
    all_of_them = [p for p in store.proofs() if p.kind == KIND and p.system == system]
    given_up = {(p.detail, p.state) for p in all_of_them if p.result != _PLACED}
    return {
        p.detail: p.state
        for p in all_of_them
        if p.result == _PLACED and (p.detail, p.state) not in given_up
    }


def touched(store: HomeStore, system: str, places: Mapping[bytes, bytes]) -> list[Touched]:
    """The canaries that were changed or are gone; places: the source folders by short name."""
    found = []
    for text, sha256 in sorted(known(store, system).items()):
        path = percent.decode(text)
        name, _, inside = path.partition(b"/")
        if name not in places:
            continue  # its source folder is not in the plan any more
        try:
            with open(os.path.join(places[name], inside), "rb") as file:
                now = hashlib.sha256(file.read(_MOST)).digest()
        except (FileNotFoundError, NotADirectoryError):
            now = b""
        except OSError:
            continue  # locked by a virus scanner, say: no evidence
        if now.hex() != sha256:
            found.append(Touched(path, now))
    return found


def give_up_touched(
    store: HomeStore, system: str, places: Mapping[bytes, bytes], now: datetime
) -> None:
    """Stop watching canaries that were touched and whose change was accepted."""
    watched = known(store, system)
    for bird in touched(store, system, places):
        text = percent.encode(bird.path)
        _note(store, system, text, watched[text], _GIVEN_UP, now)


def _note(
    store: HomeStore, system: str, path: str, sha256: str, result: str, now: datetime
) -> None:
    id = secrets.token_hex(8)
    store.add_proof(Proof(id, stamp(now), system, "", KIND, result, sha256, path))


# -- their contents, different in every shop ------------------------------------------------------


def _content(name: str) -> bytes:
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
