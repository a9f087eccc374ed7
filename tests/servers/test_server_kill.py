"""The server is killed in the middle of a run: no committed state is lost, no half file is ever
referred to, and the next run heals (issue 5, "Must hold" 3).

The moments are seeded; a few in the default run, fifty for each protocol in `./test kill`.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from core.errors import Exit
from tests.engine.stage import Layout, Shop, events, make_shop, only
from tests.support import keys, warm
from tests.support.places import BACKENDS, Backend, Place, missing, place

LAYOUT: dict[Backend, Layout] = {
    "webdav": "sealed",
    "sftp": "bundled",
    "s3": "sealed",
    "samba": "sealed",
    "openssh": "bundled",
}
_UNREACHABLE = (Exit.DESTINATION_UNREACHABLE, Exit.DESTINATION_REFUSED, Exit.INTEGRITY)


def test_a_server_that_is_killed(tmp_path: Path) -> None:
    _series(tmp_path, "webdav", rounds=3)


@pytest.mark.kill
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_server_that_is_killed_at_fifty_moments(tmp_path: Path, backend: Backend) -> None:
    _series(tmp_path, backend, rounds=50)


def _series(root: Path, backend: Backend, rounds: int) -> None:
    if missing(backend):
        pytest.skip(f"{missing(backend)} is not installed")
    random = Random(f"server {backend}")
    with place(backend, root / "server") as there:
        shop = make_shop(root, disks=("nas",), layout=LAYOUT[backend], places={"nas": there})
        _work(shop.source, random, 0)
        shop.day()
        _work(shop.source, random, 0)
        began = time.monotonic()
        shop.backup()
        usual = time.monotonic() - began
        met = 0
        for number in range(1, rounds + 1):
            _work(shop.source, random, number)
            met += _run_and_kill(shop, there, random.uniform(0.2, 1.0) * usual)
            shop.day()  # complete, though a piece may lie there
            assert shop.differences(max(shop.days), disk="nas") == []
        verdict = only(events(shop.run("verify", "--full"), "verified"))
        assert verdict["sound"], verdict
        some = random.sample(sorted(shop.days), min(12, len(shop.days)))
        assert shop.differences(*some, disk="nas") == []
        assert met >= rounds // 3, "most runs were over before their server died"


def _work(source: Path, random: Random, number: int) -> None:
    """Two megabytes of news in many small files and a large one, old ones gone."""
    for file in range(12):  # few enough for the gate to let them pass
        (source / f"{number % 5} {file}.bin").write_bytes(
            random.randbytes(random.randrange(30_000))
        )
    (source / f"groß {number % 3}.bin").write_bytes(random.randbytes(2_000_000))


def _run_and_kill(shop: Shop, there: Place, after: float) -> bool:
    """One run whose server dies; whether the run noticed."""
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(warm.run, "--json", "backup", home=shop.home, env=keys.ENV)
        time.sleep(after)
        there.kill()
        done = running.result()
    there.revive()
    assert done.rc in (Exit.OK, *_UNREACHABLE), done
    if done.rc == Exit.OK:
        run = only(events(done.lines, "result"))["run"]
        shop.days[int(run.split("-")[0])] = shop.look()
    return done.rc != Exit.OK
