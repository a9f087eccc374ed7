"""What a run asks of a server: requests are what costs time there, and money (issue 5, "Speed")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.stage import Layout, Shop, make_shop
from tests.support.http_proxy import Proxy, before
from tests.support.places import Backend, place


@contextmanager
def counted(
    root: Path, backend: Backend, layout: Layout, files: int
) -> Iterator[tuple[Shop, Proxy]]:
    """A shop with so many files and one state behind a counting middleman."""
    with place(backend, root / "server") as there, before(there.server.port) as proxy:
        there.location = there.location.replace(str(there.server.port), str(proxy.port))
        shop = make_shop(root, disks=("nas",), layout=layout, places={"nas": there})
        for number in range(files):
            (shop.source / f"{number}.txt").write_text(f"Beleg {number}")
        shop.day()
        proxy.forget()
        yield shop, proxy


# Looks at `offen.json` and the vault beside it, marker, writer's claim, the two name listings, the
# newest record and one sample: listings and reads, of which rclone makes two requests each.
MOST = {
    ("webdav", "bundled"): 20,
    ("webdav", "sealed"): 25,
    ("s3", "bundled"): 18,
    ("s3", "sealed"): 23,
}


@pytest.mark.parametrize(
    ("backend", "layout"),
    [
        ("webdav", "sealed"),
        ("s3", "bundled"),
        pytest.param("webdav", "bundled", marks=pytest.mark.full),
        pytest.param("s3", "sealed", marks=pytest.mark.full),
    ],
)
def test_a_run_without_news(tmp_path: Path, backend: Backend, layout: Layout) -> None:
    """The guards' questions and one record; nothing is asked for each file or state."""
    with counted(tmp_path, backend, layout, 40) as (shop, proxy):
        asked = []
        for _ in range(3):
            shop.backup()
            asked.append(list(proxy.asked))
            proxy.forget()
    for one in asked:
        assert sum(request.method == "PUT" for request in one) == 1
        assert not any(request.method in ("DELETE", "MOVE", "COPY") for request in one)
        assert len(one) <= MOST[backend, layout], one
        gets = Counter(request.path for request in one if request.method == "GET")
        twice = [path for path, times in gets.items() if times > 1 and "delimiter" not in path]
        assert not twice, twice
    assert len(asked[2]) <= len(asked[0])


def test_files_cost_no_requests(tmp_path: Path) -> None:
    """Ten times the files, not ten times the questions."""
    sent = {}
    for files in (40, 400):
        with counted(tmp_path / str(files), "webdav", "sealed", files) as (shop, proxy):
            for number in range(files):
                (shop.source / f"neu {number}.txt").write_text(f"Beleg {number}, zweiter Tag")
            shop.backup()
            sent[files] = len(proxy.asked)
    assert sent[400] <= sent[40] + 10, sent
