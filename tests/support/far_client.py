"""Ships bundles to a WebDAV server as a run does, in a process of its own.

    python -m tests.support.far_client HOME URL NUMBER PATIENCE

says `reached` once the server has answered, then the outcome: `done`, or the code of the failure.
Clocks are shortened: what are minutes for a merchant are seconds here.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import Random

from core.destinations.remote import RemoteFolder
from core.destinations.stores import RcloneStore
from core.errors import KnownError
from core.rclone.patience import Patience
from core.rclone.remotes import Remote, obscure
from core.rclone.session import Limits, Session

SIZE = 300_000
_PAUSE = 0.15  # so that the cable is pulled in the middle


def content(number: int) -> bytes:
    """What bundle `number` holds."""
    return Random(number).randbytes(SIZE)


def ship(home: Path, url: str, count: int, patience: float) -> str:
    options = {"type": "webdav", "url": url, "vendor": "other", "user": "anna"}
    remote = Remote("basis", {**options, "pass": obscure("geheim")})
    session = Session(
        [remote],
        room=home / "raum",
        destination="nas",
        limits=Limits(answer=4.0, look=0.2),
        patience=Patience(total=patience, first=0.2, longest=1.0),
    )
    with session:
        folder = RemoteFolder(
            "nas",
            str(home),
            "laden",
            shadow=home / "schatten",
            store=RcloneStore(session, "basis:laden"),
        )
        try:
            folder.is_reachable()
            print("reached", flush=True)
            for number in range(count):
                path = f"daten/1/buendel-{number:04}.zip"
                folder.make_folder("daten/1")
                Path(folder.place(path)).write_bytes(content(number))
                folder.ship([path])
                time.sleep(_PAUSE)
            folder.barrier()
        except KnownError as error:
            return str(error.code)
        finally:
            folder.close()
    return "done"


if __name__ == "__main__":
    place, address, bundles, seconds = sys.argv[1:]
    try:
        print(ship(Path(place), address, int(bundles), float(seconds)), flush=True)
    except KnownError as error:
        print(error.code, flush=True)
