"""rclone's encryption, read and written by ourselves where the folder is one of this PC.

The format is rclone's own, to the byte: what is sealed here stock rclone opens, and the reverse
(https://rclone.org/crypt/; names "standard", base32). Ciphers are those of libsodium and OpenSSL.
"""

from __future__ import annotations

import errno


class Damaged(OSError):
    """Not what was once sealed: cut off, changed, or sealed with another key."""

    def __init__(self) -> None:
        super().__init__(errno.EBADMSG, "not what was once sealed")
