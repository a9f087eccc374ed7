"""Every problem has a plain sentence in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.plan.problems import PlanError, Problem, ProblemCode
from core.plan.read import read_plan
from core.plan.sentences import (
    _NOT_YET,
    _SYNTAX,
    _TYPES,
    TEXT_OF,
    describe_problem,
    problem_line,
)
from core.texts import Lang, Texts
from tests.unit.plan.sample import changed

SOURCES = Path(__file__).resolve().parents[3] / "core" / "plan"


def only(text: str) -> Problem:
    with pytest.raises(PlanError) as caught:
        read_plan(text, source="plan.toml", windows=False)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("code", list(ProblemCode))
def test_every_code_has_a_sentence_even_without_parameters(lang: Lang, code: ProblemCode) -> None:
    sentence = describe_problem(Texts(lang), Problem(line=1, key="x", code=code))
    assert len(sentence) > 10
    assert "{" not in sentence.replace("{{", "")
    assert not sentence.endswith("!")


@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_special_case_has_a_sentence(lang: Lang) -> None:
    texts = Texts(lang)
    main = {texts.t(TEXT_OF[code]) for code in (ProblemCode.SYNTAX, ProblemCode.NOT_YET)}
    for code, param, names in (
        (ProblemCode.SYNTAX, "reason", _SYNTAX),
        (ProblemCode.NOT_YET, "what", _NOT_YET),
    ):
        for name in names:
            problem = Problem(line=1, key="x", code=code, params={param: name})
            assert describe_problem(texts, problem) not in main


def test_every_word_the_reader_uses_is_known() -> None:
    """The codes inside parameters stand in two files; neither may be ahead of the other."""
    walk, read = (SOURCES / "walk.py").read_text(), (SOURCES / "read.py").read_text()
    used = set(re.findall(r'_wrong_type\(\s*"(\w+)"', walk))
    used |= {"duration", "text", "whole", "number", "flag", "list", "table", "date", "tables"}
    assert used == set(_TYPES)
    reasons = set(re.findall(r'": "(\w+)",', read)) | set(re.findall(r"': \"(\w+)\",", read))
    assert reasons == set(_SYNTAX)


def test_sentences_read_well() -> None:
    de, en = Texts("de"), Texts("en")
    problem = only(changed('medium = "disk" ', 'medium = "disc" '))
    assert problem_line(de, problem, source="plan.toml") == (
        "plan.toml, Zeile 16, destinations.platte.medium: „disc“ ist hier nicht möglich. "
        "Möglich sind: disk, nas, cloud. Meinten Sie „disk“?"
    )
    assert problem_line(en, problem, source="plan.toml") == (
        "plan.toml, line 16, destinations.platte.medium: “disc” is not possible here. "
        "Possible are: disk, nas, cloud. Did you mean “disk”?"
    )
    problem = only(changed('rpo = "24h"', "rpo = 24"))
    assert describe_problem(de, problem) == (
        'Erwartet wird eine Dauer in Anführungszeichen ("24h"), hier steht eine ganze Zahl.'
    )
    problem = only(changed("offline = false", 'path = "/x"'))
    assert describe_problem(de, problem).endswith("Gehört es zu „location“?")
    problem = only(changed('name = "Laden-PC"', 'name = "D:\\Daten"'))
    assert problem_line(de, problem, source="p").startswith("p, Zeile 4: In doppelten")


def test_places_without_a_line() -> None:
    de = Texts("de")
    missing = Problem(line=None, key="copies", code=ProblemCode.MISSING_KEY, params={"name": "c"})
    assert problem_line(de, missing, source="plan.toml") == "plan.toml, copies: Hier fehlt „c“."
    home = Problem(line=None, key="home", code=ProblemCode.HOME_SYNCED)
    assert problem_line(de, home, source="plan.toml").startswith("home: Der eigene Ordner")


def test_parameters_from_the_file_are_made_safe() -> None:
    problem = only(changed('mode = "own" ', 'mode = "\u202ex" '))
    assert "\u202e" not in describe_problem(Texts("de"), problem)
    problem = only(changed('name = "Laden-PC"', 'name = "\\u001b[31m{path}"'))
    sentence = describe_problem(Texts("de"), problem)
    assert "\x1b" not in sentence
    assert "{path}" in sentence
