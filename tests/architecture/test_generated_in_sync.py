"""What is generated is what the registry says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import generate

ROOT = Path(__file__).parents[2]
FILES = generate.generate(ROOT / "registry")


@pytest.mark.parametrize("path", FILES)
def test_a_generated_file_is_in_sync_and_says_how_it_was_made(path):
    assert (ROOT / path).read_text(encoding="utf-8") == FILES[path]
    assert "make generate. Do not edit." in FILES[path].splitlines()[0]


def test_check_prints_the_difference_and_fails_when_a_file_is_stale(monkeypatch, capsys):
    fresh = dict(FILES)
    path = "otel_trading/semconv/risk.py"
    monkeypatch.setattr(generate, "generate", lambda _: {**fresh, path: fresh[path] + "STALE = 1\n"})
    assert generate.main(["--check"]) == 1
    printed = capsys.readouterr().out
    assert "+STALE = 1" in printed
    assert f"stale, run make generate: {path}" in printed
