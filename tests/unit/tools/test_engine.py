"""The engine runs the tests of a mutant in a bounded time, and reports the mutants that survive."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.mutate.engine import Mutant, exit_code, judge, judge_all


def mutant(*codes: str, limit: float = 30.0, **options: object) -> Mutant:
    def make(folder: Path) -> Path:
        (folder / "changed.txt").write_text("changed")
        return folder

    return Mutant("m", make, [[sys.executable, "-c", code] for code in codes], limit=limit, **options)


@pytest.mark.parametrize(
    ("codes", "is_noticed"),
    [
        (["pass"], False),
        (["raise SystemExit(1)"], True),
        (["pass", "raise SystemExit(1)"], True),
        (["raise SystemExit(1)", "open('/never', 'w')"], True),
        (["assert open('changed.txt').read() == 'changed'"], False),
    ],
)
def test_a_mutant_is_noticed_if_one_of_its_tests_fails(codes, is_noticed):
    assert judge(mutant(*codes)).is_noticed is is_noticed


def test_a_test_that_does_not_end_is_killed_with_its_children():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    verdict = judge(mutant(code, limit=0.5, notices=lambda ended: ended.code is None))
    assert verdict.is_noticed
    assert "did not end within 0.5 s" in verdict.ended.output


def test_the_exit_code_is_one_if_a_mutant_survives():
    reported = []
    verdicts = judge_all([mutant("raise SystemExit(1)"), mutant("pass")], reported.append)
    assert [verdict.is_noticed for verdict in verdicts] == [True, False]
    assert {id(verdict) for verdict in reported} == {id(verdict) for verdict in verdicts}
    assert exit_code(verdicts) == 1
    assert exit_code(verdicts[:1]) == 0
