"""Every code has words in both languages."""

from __future__ import annotations

import pytest

from core.health.model import Gap, Reason, Step
from core.texts import Lang, Texts
from core.texts.catalog import MISSING
from core.texts.health import GAPS, REASONS, STEPS, percent, say
from tests.support.fixed_clock import NOON
from tests.unit.health.given import DAY

_PARAMS = {
    "copied": NOON - 2 * DAY,
    "limit": DAY,
    "places": 2,
    "share": 0.25,
    "period": 90 * DAY,
    "other": "nas",
    "operator": "Hetzner",
    "counting": 2,
    "destination": "nas",
}


@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_code_has_a_sentence(lang: Lang) -> None:
    for table, codes in ((REASONS, Reason), (GAPS, Gap), (STEPS, Step)):
        assert set(table) == {str(code) for code in codes}
        for code in table:
            said = say(Texts(lang), table, code, _PARAMS, NOON, {"nas": "NAS im Lager"})
            assert said.strip()
            assert MISSING not in said
            assert "{" not in said


def test_in_english_it_is_not_german() -> None:
    german, english = (
        [say(Texts(lang), REASONS, code, _PARAMS, NOON, {}) for code in REASONS]
        for lang in ("de", "en")
    )
    assert not set(german) & set(english)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.001, "unter 1 %"), (0.42, "42 %"), (0.999, "über 99 %"), (1, "100 %")],
)
def test_nearly_all_is_not_all(share: float, text: str) -> None:
    assert percent(share, Texts("de")) == text
