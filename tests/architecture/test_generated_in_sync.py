"""The generated files are as `make generate` would write them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.generate import objectives, settings, vocabulary
from tools.generate.writing import write

ROOT = Path(__file__).parents[2]
FILES = {
    **vocabulary.generate(ROOT / "registry"),
    **settings.generate(),
    **objectives.generate(ROOT / "alerts" / "slo"),
}


@pytest.mark.parametrize("path", FILES)
def test_a_generated_file_is_in_sync_and_names_its_command(path):
    assert (ROOT / path).read_text(encoding="utf-8") == FILES[path]
    assert "make generate. Do not edit." in FILES[path].splitlines()[0]


def test_check_prints_the_difference_and_fails_when_a_file_is_stale(capsys):
    path = "otel_trading/semconv/risk.py"
    assert write(ROOT, {**FILES, path: FILES[path] + "STALE = 1\n"}, check=True) == 1
    printed = capsys.readouterr().out
    assert "+STALE = 1" in printed
    assert f"stale, run make generate: {path}" in printed


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="the builders of Grafana's dashboards need Python 3.11"
)
def test_check_is_silent_if_every_file_is_in_sync(capsys):
    from tools.generate.__main__ import main

    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""
