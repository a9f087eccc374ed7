"""What Windows says about a file beyond size and time: cloud placeholders, junctions, attributes.

On other systems every question is answered with no; the answers themselves are pure functions of
the attribute bits, so that they are tested everywhere.
"""

from __future__ import annotations

import os
import stat

_OFFLINE = 0x1000
_RECALL_ON_OPEN = 0x40000
_RECALL_ON_DATA_ACCESS = 0x400000
_KEPT = 0x01 | 0x02 | 0x04 | 0x20  # read-only, hidden, system, archive: what a restore can set


def bits_of(info: os.stat_result) -> int:
    """The Windows attribute bits of a stat result, 0 elsewhere."""
    return int(getattr(info, "st_file_attributes", 0))


def is_placeholder(bits: int) -> bool:
    """Whether reading the file would first load it from a cloud (OneDrive, iCloud, Dropbox).

    Microsoft, "File Attribute Constants": RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS, OFFLINE.
    """
    return bool(bits & (_OFFLINE | _RECALL_ON_OPEN | _RECALL_ON_DATA_ACCESS))


def kept_bits(bits: int) -> int:
    """The attributes worth remembering in a list."""
    return bits & _KEPT


def is_junction(info: os.stat_result) -> bool:
    """Whether a folder is really a mount point or junction to somewhere else."""
    tag = getattr(info, "st_reparse_tag", 0)
    return bool(tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1))
