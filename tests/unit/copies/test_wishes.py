"""What is asked of a restore: which paths, and which folders lead there."""

from __future__ import annotations

import pytest

from core.copies.bringing_back.wishes import selector, way_to

ALL = [
    b"shop", b"shop/a", b"shop/a/b", b"shop/a/b/c.txt", b"shop/z", b"shop/z/b", b"shop/z/b/c.txt",
    b"other", b"other/a", "shop/Bu\u0308ro".encode(), "shop/Bu\u0308ro/x".encode(), b"shop/a%b",
    b"shop/a%b/x",
]  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "folders"),
    [
        ("shop/a/b/c.txt", [b"shop", b"shop/a", b"shop/a/b"]),
        ("/shop/a/b/", [b"shop", b"shop/a"]),
        ("shop/*/b/c.txt", [b"shop", b"shop/a", b"shop/a/b", b"shop/z", b"shop/z/b"]),
        ("shop/Büro/x", [b"shop", "shop/Bu\u0308ro".encode()]),
        ("shop/a%25b/x", [b"shop", b"shop/a%b"]),
    ],
)
def test_only_some_folders_lead_there(wish: str, folders: list[bytes]) -> None:
    leads = way_to([wish])
    named = {b"shop/*": None}
    found = [path for path in ALL if leads(path) and path not in named]
    assert set(folders) <= set(found)
    assert b"other" not in found
    assert b"other/a" not in found


@pytest.mark.parametrize("wish", ["c.txt", "*.txt", "shop"])
def test_a_name_may_lie_anywhere(wish: str) -> None:
    assert all(map(way_to([wish]), ALL))


@pytest.mark.parametrize(
    "wish", ["shop/**/c.txt", "shop/a/b/c.txt", "shop/*/b/*", "shop/?/b", "**/b/c.txt"]
)
def test_whatever_is_asked_for_is_led_to(wish: str) -> None:
    selects, leads = selector([wish]), way_to([wish])
    met = [path for path in ALL if selects(path)]
    assert met
    for path in met:
        above = path.rpartition(b"/")[0]
        while above:
            assert selects(above) or leads(above), (path, above)
            above = above.rpartition(b"/")[0]
