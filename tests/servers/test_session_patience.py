"""A session on a bad line: it goes on after outages, and sends no faster than it may."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Code, KnownError
from core.rclone.patience import Patience
from core.rclone.remotes import local_remote
from core.rclone.session import Limits, Session
from tests.support.disks import MIB
from tests.support.slow_line import Line, line_to
from tests.support.storage_servers import Kind, Server, free_port, remote, serving

SIZE = MIB // 2
QUICK = Patience(total=20.0, first=0.2, longest=0.5)
LIMITS = Limits(answer=3.0, look=0.2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "buendel.zip"
    made.write_bytes(os.urandom(SIZE))
    return made


@pytest.fixture(params=["webdav", "sftp", pytest.param("s3", marks=pytest.mark.full)])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def server(tmp_path: Path, kind: Kind) -> Iterator[Server]:
    with serving(kind, tmp_path / "lager") as one:
        (one.folder / "eimer").mkdir()
        yield one


def opened(tmp_path: Path, kind: Kind, line: Line, patience: Patience | None = QUICK) -> Session:
    return Session(
        [remote(kind, line.port)],
        room=tmp_path / "raum",
        destination="nas",
        limits=LIMITS,
        patience=patience,
    )


def later(seconds: float, action: object) -> threading.Timer:
    timer = threading.Timer(seconds, action)  # type: ignore[arg-type] # any function
    timer.start()
    return timer


def test_cut_in_the_middle_and_back_again(
    tmp_path: Path, file: Path, kind: Kind, server: Server
) -> None:
    with line_to(server.port) as line, opened(tmp_path, kind, line) as one:
        assert one.list("basis:", "eimer") == []
        line.rate = 300_000
        timers = [later(0.8, line.lose), later(2.0, line.find)]
        one.upload(file, "basis:", "eimer/a")
        line.rate = None
        assert one.size("basis:", "eimer/a") == SIZE
        assert one.read("basis:", "eimer/a", limit=SIZE) == file.read_bytes()
        line.lose()
        timers.append(later(1.5, line.find))
        one.download("basis:", "eimer/a", tmp_path / "zurueck")
        assert (tmp_path / "zurueck").read_bytes() == file.read_bytes()
        for timer in timers:
            timer.join()


def test_a_line_that_swallows_everything(tmp_path: Path, kind: Kind, server: Server) -> None:
    """Nobody says that it is gone: our own time-out ends the call, and then it is tried again."""
    with line_to(server.port) as line, opened(tmp_path, kind, line) as one:
        assert one.list("basis:", "eimer") == []
        line.swallows = True

        def back() -> None:
            line.cut()
            line.find()

        timer = later(4.5, back)
        began = time.monotonic()
        assert one.list("basis:", "eimer") == []
        assert 3 < time.monotonic() - began < 18
        timer.join()


def test_an_outage_that_stays_ends_in_its_own_error(
    tmp_path: Path, file: Path, kind: Kind, server: Server
) -> None:
    with (
        line_to(server.port) as line,
        opened(tmp_path, kind, line, Patience(total=2.0, first=0.2)) as one,
    ):
        assert one.list("basis:", "eimer") == []
        line.lose()
        with pytest.raises(KnownError) as caught:
            one.upload(file, "basis:", "eimer/a")
        assert caught.value.code in (
            *(Code.REMOTE_UNREACHABLE, Code.REMOTE_CUT_OFF, Code.REMOTE_TIMED_OUT),
        )


def test_who_never_answered_is_not_waited_for(tmp_path: Path, kind: Kind) -> None:
    patience = Patience(total=300.0)
    one = Session(
        [remote(kind, free_port())], room=tmp_path / "r", destination="nas", patience=patience
    )
    with one:
        began = time.monotonic()
        with pytest.raises(KnownError) as caught:
            one.list("basis:", "eimer")
        assert caught.value.code is Code.REMOTE_UNREACHABLE
        assert time.monotonic() - began < 60


# -- the rate -------------------------------------------------------------------------------------


def test_a_rate_that_changes_while_a_file_is_sent(tmp_path: Path) -> None:
    """The till opens in the middle of an upload: from then on it is slow, afterwards fast again."""
    large = tmp_path / "gross"
    large.write_bytes(os.urandom(4 * MIB))
    rate: list[int | None] = [500_000]
    with serving("webdav", tmp_path / "lager") as server:
        one = Session(
            [server.remote()],
            room=tmp_path / "raum",
            destination="nas",
            limits=Limits(look=0.2),
            upload_rate=lambda: rate[0],
        )
        with one:
            marks: list[int] = []

            def watch() -> None:
                time.sleep(2.5)
                marks.append(one.transferred())
                rate[0] = None

            watching = threading.Thread(target=watch)
            watching.start()
            began = time.monotonic()
            one.upload(large, "basis:", "a")
            took = time.monotonic() - began
            watching.join()
            assert 0 < marks[0] < 2_600_000  # rclone lets a burst pass
            assert 2.0 < took < 7.5  # at the old rate it would have taken eight seconds
            rate[0] = 200_000
            began = time.monotonic()
            assert one.read("basis:", "a", limit=4 * MIB) == large.read_bytes()
            assert time.monotonic() - began < 12  # what comes back is not slowed


def test_without_a_rate_nothing_is_asked(tmp_path: Path, file: Path) -> None:
    with Session([local_remote("basis", tmp_path / "l")], room=tmp_path, destination="d") as one:
        one.upload(file, "basis:", "a")
        assert one.order("core/bwlimit")["rate"] == "off"


def test_four_hundred_milliseconds_away_at_eight_megabit(
    tmp_path: Path, file: Path, kind: Kind, server: Server
) -> None:
    with (
        line_to(server.port) as line,
        Session([remote(kind, line.port)], room=tmp_path / "raum", destination="nas") as one,
    ):
        line.delay, line.rate = 0.2, 1_000_000
        began = time.monotonic()
        one.upload(file, "basis:", "eimer/a")
        assert one.size("basis:", "eimer/a") == SIZE
        assert 0.9 < time.monotonic() - began < 30
