"""What a content takes under the cipher, worked out from the format once more."""

from __future__ import annotations

HEADER, BLOCK, TAG = 32, 64 * 1024, 16


def sealed_size(size: int) -> int:
    """How many bytes a content of `size` takes when it is sealed."""
    whole, rest = divmod(size, BLOCK)
    return HEADER + whole * (BLOCK + TAG) + (rest + TAG if rest else 0)
