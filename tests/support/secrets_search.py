"""A nose for secrets: is the passphrase in some file, under whatever coat?

A log that holds base64 of the password holds the password. rclone's "obscured" text is no better:
its key is public (rclone, fs/config/obscure), so it is undone here.
"""

import base64
import binascii
import io
import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.support.cli import process_tree

_RCLONE_KEY = bytes.fromhex("9c935b48730a554d6bfd7c63c886a92bd390198eb8128afbf4de162b8b95f638")
_TOKEN = re.compile(rb"[A-Za-z0-9_-]{22,4096}")
_PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")  # gzip; zlib as in PDF and SQLite
_LEAST = 6  # shorter secrets are found by chance
_UNPACKED_LIMIT = 64 << 20
_DEPTH = 4


def reveal(obscured: str) -> str:
    """Undo `rclone obscure`; raises ValueError for what is none."""
    padded = obscured + "=" * (-len(obscured) % 4)
    raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    if len(raw) < 16:
        raise ValueError("shorter than its own start value")
    return _decrypt(raw).decode()


def obscure(secret: str, start: bytes | None = None) -> str:
    """Do what `rclone obscure` does, for tests."""
    start = start or os.urandom(16)
    box = Cipher(algorithms.AES(_RCLONE_KEY), modes.CTR(start)).encryptor()
    raw = start + box.update(secret.encode()) + box.finalize()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decrypt(raw: bytes) -> bytes:
    box = Cipher(algorithms.AES(_RCLONE_KEY), modes.CTR(raw[:16])).decryptor()
    return box.update(raw[16:]) + box.finalize()


# ------------------------------------------------------------------ the coats


def _coats(secret: str) -> dict[str, list[bytes]]:
    """Return how the secret may be written: name of the coat → byte strings to look for."""
    raw = secret.encode()
    if len(raw) < _LEAST:
        raise ValueError(f"a secret of under {_LEAST} bytes is found everywhere")
    literals = (json.dumps(secret), repr(secret), ascii(secret))
    coats = {
        "plain": [raw],
        "UTF-16": [secret.encode("utf-16-le"), secret.encode("utf-16-be")],
        "Windows-1252": [secret.encode("cp1252", "replace")],
        "escaped": [text[1:-1].encode() for text in literals],
        "hex": [raw.hex().encode(), raw.hex().upper().encode()],
        "base64": [*_base64(raw), *_base64(secret.encode("utf-16-le"))],
    }
    seen: set[bytes] = set()
    for name, texts in coats.items():  # ASCII looks the same in several: name it once
        coats[name] = [text for text in dict.fromkeys(texts) if text not in seen]
        seen.update(texts)
    return {name: [text for text in texts if len(text) >= _LEAST] for name, texts in coats.items()}


def _base64(raw: bytes) -> Iterator[bytes]:
    """The part that depends on the secret alone, at each of the three places it can begin."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw)
        first = -(-before * 8 // 6)  # the first letter made of the secret's bits only
        last = (before + len(raw)) * 8 // 6
        part = text[first:last]
        yield part
        yield part.translate(bytes.maketrans(b"+/", b"-_"))


def _smell(data: bytes, coats: dict[str, list[bytes]], secret: bytes) -> Iterator[str]:
    """Name the coats in which the secret lies in these bytes."""
    unwrapped = re.sub(rb"[\r\n]+[ \t]*", b"", data)  # base64 and hex come in lines of 64 or 76
    for name, texts in coats.items():
        where = unwrapped if name in ("base64", "hex") else data
        if any(text in where or text in data for text in texts):
            yield name
    if b"%" in data and _lies_in_url(data, secret):
        yield "URL"
    if any(_is_obscured(match[0], secret) for match in _TOKEN.finditer(data)):
        yield "rclone-obscured"


def _lies_in_url(data: bytes, secret: bytes) -> bool:
    """Undo the percent signs, however many letters somebody chose to write that way."""
    if secret in data:
        return False  # plain, and named so
    decoded = unquote_to_bytes(data)
    return secret in decoded or secret in unquote_to_bytes(data.replace(b"+", b" "))


def _is_obscured(token: bytes, secret: bytes) -> bool:
    """Whether the token, or what follows a - or _ in it (`PASS_…`), reveals the secret."""
    starts = [0, *(match.end() for match in re.finditer(rb"[-_]", token))]
    for start in starts:
        text = token[start:]
        if len(text) < 22:
            break
        text = text[: len(text) - 1] if len(text) % 4 == 1 else text
        try:
            raw = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        except binascii.Error:
            continue
        if secret in _decrypt(raw):
            return True
    return False


# ------------------------------------------------------------------ what is packed


def _unpacked(data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes, and everything packed in them, with a word on how it was reached."""
    yield "", data
    if depth == _DEPTH:
        return
    view = memoryview(data)  # chance hits are many and must cost nothing
    for match in _PACKED.finditer(data):
        inner = _inflate(view[match.start() :])
        if inner:
            for how, deeper in _unpacked(inner, depth + 1):
                yield f" > unpacked at {match.start()}{how}", deeper
    for name, member in _zip_members(data):
        for how, deeper in _unpacked(member, depth + 1):
            yield f" > {name}{how}", deeper


def _inflate(data: memoryview) -> bytes:
    """Unpack gzip or zlib as far as it goes; chance hits and torn ends give what they give."""
    unpacker = zlib.decompressobj(wbits=47)
    unpacked = bytearray()
    try:
        for start in range(0, len(data), 65_536):
            room = _UNPACKED_LIMIT - len(unpacked)
            unpacked += unpacker.decompress(data[start : start + 65_536], max(room, 1))
            if unpacker.eof or len(unpacked) >= _UNPACKED_LIMIT:
                break
    except zlib.error:
        pass
    return bytes(unpacked)


def _zip_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    if b"PK\x03\x04" not in data:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    yield info.filename, member.read(_UNPACKED_LIMIT)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return  # no archive, torn, or one whose members have a password


# ------------------------------------------------------------------ folders and processes


def find_secret(folder: Path, secret: str) -> list[str]:
    """Search every file below, its name included; returns "path: coat" for each find.

    Plain, UTF-16, base64, hex, URL, JSON and rclone-obscured, also inside gzip and ZIP. Databases
    are searched as raw pages, which shows deleted rows too, but a text that runs over from one
    page to the next is cut. Pipes, sockets and links are not opened.
    """
    coats = _coats(secret)
    raw = secret.encode()
    found: list[str] = []
    for parent, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            path = Path(parent, name)
            shown = os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")
            found += [f"{shown} (name): {coat}" for coat in _smell(os.fsencode(name), coats, raw)]
            for how, data in _contents(path):
                found += [f"{shown}{how}: {coat}" for coat in _smell(data, coats, raw)]
    return found


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            yield " (link)", os.fsencode(path.readlink())
        elif stat.S_ISREG(mode):
            yield from _unpacked(path.read_bytes())
    except FileNotFoundError:  # a journal that was deleted while we looked
        return


@dataclass(frozen=True, slots=True)
class Exposure:
    """What other processes can read of one process: `ps` shows the first to everybody."""

    cmdline: bytes
    environ: bytes


def proc_exposure(pid: int) -> dict[int, Exposure]:
    """Read argv and environment of the process and all below it; the ended are left out."""
    result = {}
    for number in process_tree(pid):
        folder = Path(f"/proc/{number}")
        try:
            exposure = Exposure(
                (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            )
        except OSError:  # ended meanwhile
            continue
        result[number] = exposure
    return result


def find_secret_in_processes(pid: int, secret: str, *, environ: bool = True) -> list[str]:
    """Search argv, and unless told otherwise the environment, of a process tree in every coat."""
    coats, raw = _coats(secret), secret.encode()
    found = []
    for number, exposure in proc_exposure(pid).items():
        found += [f"{number} argv: {coat}" for coat in _smell(exposure.cmdline, coats, raw)]
        if environ:
            found += [f"{number} environ: {coat}" for coat in _smell(exposure.environ, coats, raw)]
    return found
