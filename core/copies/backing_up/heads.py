"""Does the head of a file fit the type its name promises? Magic numbers, and what text looks like.

Made for one question, whether a file was encrypted or wiped, so it errs on the quiet side: a head
of any known type, or one that reads as text, fits every name (exports named .xls are often HTML).
"""

from __future__ import annotations

HEAD = 64 * 1024
"""So much of a file is looked at, bytes."""

_ZIP = b"PK\x03\x04"
_STARTS = (
    _ZIP,
    b"PK\x05\x06",  # an empty archive
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"8BPS",
    b"%PDF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # OLE: doc, xls, ppt, msg; also Office with a password
    b"\xdb\xa5\x2d\0",  # Word 2
    b"{\\rtf",
    b"SQLite format 3\0",
    b"!BDN",  # pst, ost
    b"\0\x01\0\0Standard ",  # mdb, accdb
    b"ID3",
    b"\xff\xfb",
    b"\xff\xfa",
    b"\xff\xf3",
    b"\xff\xf2",
    b"fLaC",
    b"OggS",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x28\xb5\x2f\xfd",
    b"\x1a\x45\xdf\xa3",  # mkv, webm
    b"\0\0\x01\xba",
    b"\0\0\x01\xb3",
    b"0&\xb2u\x8ef\xcf\x11",  # wma, wmv
    b"MZ",
    b"\x7fELF",
    b"\xc5\xd0\xd3\xc6",  # eps with preview
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
)
_RIFF = (b"WEBP", b"WAVE", b"AVI ", b"CDR")
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")  # mp4, mov, heic

_TEXT = frozenset(
    b"txt csv tsv xml xsd html htm xhtml css js json jsonl md log ini cfg conf toml yaml yml sql"
    b" php py svg tex vcf ics eml mbox bat cmd ps1 sh edi asc".split()
)
_BINARY = frozenset(
    b"jpg jpeg jpe png gif webp tif tiff bmp psd heic pdf zip docx docm xlsx xlsm pptx odt ods odp"
    b" epub jar doc dot xls xlt ppt msg pst ost sqlite sqlite3 mdb accdb mp3 flac ogg wav mp4 m4a"
    b" m4v mov avi mkv webm wmv gz tgz bz2 xz 7z rar rtf exe dll".split()
)

_PLAIN = bytes(n for n in range(256) if n >= 32 or n in b"\t\n\r\f\x1b\0")
_CONTROLS = 0.03
"""From this share of control characters on it is no text; random bytes have a tenth, text none."""
_ZEROS = 0.25
"""Text in UTF-16 has about half its bytes zero, encrypted bytes have 1 in 256."""


def fits(name: bytes, head: bytes) -> bool:
    """Whether `head` may be the beginning of a file called `name`.

    True for types we do not know and for empty files: they tell nothing.
    """
    kind = name.rpartition(b".")[2].lower()
    if not head or (kind not in _TEXT and kind not in _BINARY):
        return True
    if has_magic(head):
        return True
    # Text that turned into zeros may be UTF-16 of one letter; a picture of zeros is none.
    return reads_as_text(head) and (kind in _TEXT or any(head))


def has_magic(head: bytes) -> bool:
    """Whether a known type begins like this."""
    if head.startswith(_STARTS) or head[4:8] in _BOXES or head[257:262] == b"ustar":
        return True
    return head[:4] == b"RIFF" and head[8:12] in _RIFF


def reads_as_text(head: bytes) -> bool:
    """Whether these bytes can be text in any usual encoding.

    The share of control characters tells encrypted bytes from text as surely as their entropy does,
    also where there are too few for an entropy, and at a tenth of the cost.
    """
    controls = len(head.translate(None, _PLAIN))
    return controls <= len(head) * _CONTROLS or head.count(0) >= len(head) * _ZEROS
