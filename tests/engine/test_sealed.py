"""Encrypted copies: unreadable without the lines, restored with them, by program and by hand."""

from __future__ import annotations

import pytest

from tests.engine.stage import BOTH, By, Shop, make_shop
from tests.support.trees import hostile_tree


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = make_shop(tmp_path_factory.mktemp("tresor"), layout="sealed")
    hostile_tree(shop.source)
    shop.day()
    return shop


@pytest.mark.parametrize("by", BOTH)
def test_every_name_kind_and_attribute_comes_back(hostile: Shop, by: By) -> None:
    assert hostile.differences(1, by=by) == []
