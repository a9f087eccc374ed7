"""File names that have broken backup programs, and which file system can hold which of them.

Apart from `trees.py` so that name functions can be tested against the list without a disk.
"""

import os
from typing import Literal

Filesystem = Literal["posix", "ntfs", "exfat"]

# What only a careless shell, script or converter trips over.
_PLAIN = [
    "normal.txt", "mit Leerzeichen.txt", "Umläute ÄÖÜß €.txt", "'einfach'.txt", "o'brien.txt",
    "$(touch pwned)", "`touch pwned`", "$HOME", "${IFS}", ";touch pwned", "&& touch pwned", "a&b",
    "%PATH%", "%41", "%", "%%", "%0A", "100%25.txt", "!history!", "#kommentar", "a#b", "~", "~root",
    "{a,b}", "[abc]", "a=b", "a,b;c", "@liste.txt", "^", "(klammer)", "+plus", "-", "--", "-rf",
    "--help", "-o ProxyCommand=x", ".versteckt", "..zwei", "...drei", " vorn", "a  b",
    "PROGRA~1", "Thumbs.db.echt", "datei.teil-000123", "shop.sql.teil-000001",
    "0", "null", "None", "true", "nan", "1e5", "-1",
]  # fmt: skip

# Looks the same, is invisible, or is what rclone (full-width, U+24xx, U+201B) and Samba/Cygwin
# (private use area) write for characters a disk refuses.
_UNICODE = [
    "\U0001f418.jpg", "\U0001f469\u200d\U0001f467\u200d\U0001f466 Familie.txt",
    "\U0001f1e9\U0001f1ea", "\u65e5\u672c\u8a9e.txt", "\u0627\u0644\u0639\u0631.txt",
    "\u202egnp.exe", "\u200b", "nb\u00a0sp", "\ufeffbom.txt", "zeile\u2028absatz\u2029",
    "c1\u0085nel", "soft\u00adhyphen", "\uff1a\uff0a\uff1f\uff02\uff1c\uff1e\uff5c\uff3c\uff05",
    "\u201b\uff1a", "\u2400\u2401\u240a\u2421", "ende\uff0e", "ende\u2420",
    "\uf03a\uf02a\uf03f.txt", "punkt\uf02e", "COM\u00b9", "\U0010fffd.txt", "\ufffd.txt",
    "e\u0301\u0323 gestapelt",
]  # fmt: skip

# One name where Unicode normal forms are folded (macOS, careless dictionaries).
_NORMAL_FORM_TWINS = [
    "Caf\u00e9.txt", "Cafe\u0301.txt", "\u212bngstr\u00f6m", "\u00c5ngstro\u0308m",
    "\ufb01nanzen.csv", "finanzen.csv", "\uac00.txt", "\u1100\u1161.txt",
]  # fmt: skip

# One name where case is folded (Windows, macOS, exFAT).
_CASE_TWINS = [
    "Zwilling.txt", "zwilling.txt", "ZWILLING.TXT", "stra\u00dfe.txt", "STRASSE.TXT", "strasse.txt",
    "\u0130stanbul", "i\u0307stanbul", "\u212aelvin", "kelvin", "\u017fommer", "sommer",
    "\u03a3\u0391\u03a3", "\u03c3\u03b1\u03c2", "\u03c3\u03b1\u03c3",
]  # fmt: skip

# What Windows refuses: reserved devices, endings it drops, characters with a meaning, controls;
# between them the names they would become if the offending part were dropped or replaced.
_NOT_WINDOWS = [
    "CON", "con", "NUL", "NUL.txt", "COM1", "com1.log", "LPT9.tar.gz", "aux.txt", "AUX", "prn.pdf",
    "CONIN$", "CLOCK$", "CON .txt",
    "punkt.", "punkt..", "leer ", "leer. ", "punkt", "leer", "...", "....", ". .", " ", "   ",
    "uhr 12:30.txt", "C:", "C:datei", "datei.txt:strom", "datei.txt::$DATA", "frage?", "stern*",
    "*", "?", "kleiner<groesser>", "rohr|rohr", "rueck\\strich", "\\\\server\\freigabe",
    "..\\oben", 'anfuehrung".txt', '"', "zeile\numbruch.txt", "\n", "-\n", "tab\ttab",
    "wagen\rrueck", "glocke\a", "esc\x1b[31mrot", "\x01", "entf\x7f", "a_b", "a?b", "a:b",
]  # fmt: skip

# No UTF-8 at all: old shares, half-converted archives, lone surrogates of Windows names.
_NOT_UTF8 = [
    b"Latin-1 M\xe4rz.txt", b"\xff", b"\xff\xfe", b"halb \xc3", b"zu lang \xc0\xaf",
    b"surrogat \xed\xa0\x80.txt", b"paar \xed\xa0\xbd\xed\xb8\x80", b"\x80\x81", b"%E4 und \xe4",
]  # fmt: skip

# Exactly 255 bytes: every byte added (".tmp", ".part") fails. Two differ in the last byte only.
_LONGEST = ["a" * 255, "a" * 254 + "b", "\u00e4" * 127 + "x", "\U0001f418" * 63 + "abc"]

# Words of our own copy format: as names of the merchant they must lose to nothing and hide nothing.
FORMAT_FILES = ["inhalt.tsv.gz", "tresor.json", "LIESMICH.txt", "zurueckholen.sh"]
FORMAT_FOLDERS = {
    "teile": "0001.zip",
    "lang": "0123456789abcdef",
    "ladentresor": "plan.toml",
    "umgepackt": "0001.zip",
    "staende": "000001-20260101T000000Z-aaaa.json",
    "daten": "inhalt.tsv.gz",
}

_FORBIDDEN = frozenset('"*:<>?\\|') | {chr(number) for number in range(32)} | {"\x7f"}
_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"]
    + [f"{stem}{digit}" for stem in ("COM", "LPT") for digit in "123456789\u00b9\u00b2\u00b3"]
)


def _all_names() -> list[bytes]:
    texts = _PLAIN + _UNICODE + _NORMAL_FORM_TWINS + _CASE_TWINS + _NOT_WINDOWS + _LONGEST
    return list(dict.fromkeys([name.encode() for name in texts] + _NOT_UTF8))


def holds(name: bytes, filesystem: Filesystem) -> bool:
    """Whether one segment can exist there (NTFS as Windows has it: ntfs-3g with windows_names)."""
    if filesystem == "posix":
        return len(name) <= 255
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return False
    if _FORBIDDEN & set(text):
        return False
    if filesystem == "exfat":  # the FUSE driver takes device names and trailing dots, as cameras do
        return True
    stem = text.split(".")[0].rstrip().upper()
    return not text.endswith((".", " ")) and stem not in _RESERVED


def hostile_names(filesystem: Filesystem = "posix") -> list[bytes]:
    """The list, without what the file system cannot hold; on exFAT one name of each case twin."""
    names = [name for name in _all_names() if holds(name, filesystem)]
    if filesystem != "exfat":
        return names
    folded: dict[str, bytes] = {}
    for name in names:
        folded.setdefault(os.fsdecode(name).casefold(), name)
    return list(folded.values())
