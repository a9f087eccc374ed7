"""A bucket made again as it was: what somebody hid is shown, what he wrote over stands in front.

Nothing is deleted but delete markers. What came after that moment stays where it hides nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from core.errors import Code, KnownError
from core.s3.answers import Version
from core.s3.bucket import Bucket

_AT_ONCE = 1000


class Rewound(NamedTuple):
    """shown: objects whose delete markers went; copied: those whose older version was copied to the
    front; lost: those of that time of which no version is left that could be.
    """

    shown: int = 0
    copied: int = 0
    lost: int = 0


def rewind(
    bucket: Bucket,
    prefix: str,
    moment: datetime,
    *,
    lock: tuple[str, datetime] | None,
    dry: bool,
    cancelled: Callable[[], bool],
) -> Rewound:
    """Make everything whose key begins so what it was then.

    lock: what copies are locked with. dry: only count. KnownError when the bucket cannot be asked,
    or the login may neither delete markers nor write.
    """
    done = Rewound()
    groups = itertools.groupby(bucket.versions(prefix), key=attrgetter("key"))
    work = (found for _, group in groups if (found := _changed_since(list(group), moment)))
    while batch := list(itertools.islice(work, _AT_ONCE)):
        if cancelled():
            raise KnownError(Code.CANCELLED)
        hidden = [group for group in batch if all(one.marker for one in group[:-1])]
        written = [group for group in batch if not all(one.marker for one in group[:-1])]
        if dry:
            done = _add(done, Rewound(len(hidden), len(written)))
            continue
        markers = [(one.key, one.id) for group in hidden for one in group[:-1]]
        refused = {one.key for one in bucket.delete(markers)}
        done = _add(done, Rewound(shown=sum(group[-1].key not in refused for group in hidden)))
        for group in (*written, *(group for group in hidden if group[-1].key in refused)):
            done = _add(done, _copy(bucket, group[-1], lock))
    return done


def _changed_since(group: list[Version], moment: datetime) -> list[Version]:
    """The versions of a key that came since, and last the one that was seen then; [] when that one
    still is, or nothing was.
    """
    later = [one for one in group if one.modified > moment]
    before = group[len(later) :]
    if not later or not before or before[0].marker:
        return []
    return [*later, before[0]]


def _copy(bucket: Bucket, one: Version, lock: tuple[str, datetime] | None) -> Rewound:
    try:
        bucket.copy(one.key, one.id)
        if lock is not None:
            bucket.lock(one.key, "", *lock)
    except FileNotFoundError:
        return Rewound(lost=1)
    return Rewound(copied=1)


def _add(one: Rewound, other: Rewound) -> Rewound:
    return Rewound(*(a + b for a, b in zip(one, other, strict=True)))
