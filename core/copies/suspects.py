"""Contents found damaged are never referenced again until they are stored anew (DESIGN §5)."""

from __future__ import annotations

from core.copies.desk import Desk
from core.copies.remembered import unpack_kept


def forget_damaged(desk: Desk, system: str, destination: str, bad: set[bytes]) -> None:
    """Take damaged contents out of the index and make the next run read their files again.

    The next run stores them anew from the source; every older state that used them restores again.
    """
    if not bad or not desk.index_path(system, destination).exists():
        return
    index = desk.open_index(system, destination)
    try:
        index.begin()
        index.drop_contents(bad)
        folders = []
        for path, _, rows in index.folders():
            for kept in unpack_kept(rows):
                if kept.sha in bad or any(sha in bad for sha, _, _ in kept.parts or ()):
                    folders.append(path)
                    break
        index.reread(folders)
        index.commit()
    finally:
        index.close()
