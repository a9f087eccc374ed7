"""rclone's own words for kinds of storage and kinds of digest, from rclone-python.

Only these lists are taken from it: what runs rclone there goes through a shell (docs/adr/0011).
"""

from __future__ import annotations

import functools

_LAYERS = frozenset(("alias", "local"))  # kinds that are missing in its list, which names services


@functools.cache
def storage_kinds() -> frozenset[str]:
    """All kinds a remote may have, such as `webdav`, `s3`, `google cloud storage`."""
    from rclone_python.remote_types import RemoteTypes

    return _LAYERS | {str(kind.value) for kind in RemoteTypes}


@functools.cache
def digest_kinds() -> frozenset[str]:
    """All kinds of digest a storage may offer, such as `md5`, `sha1`, `quickxor`."""
    from rclone_python.hash_types import HashTypes

    return frozenset(str(kind.value) for kind in HashTypes)
