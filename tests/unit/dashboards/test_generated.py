"""What is generated is what the builders say now."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Grafana's builders, of `make generate`, need Python 3.11"
)
ROOT = Path(__file__).parents[3]


def test_every_file_is_in_sync():
    from dashboards import generate

    files = generate.generate()
    assert len(files) == 5
    for path, text in files.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, path
        assert "by make generate. Do not edit." in text


def test_check_fails_when_a_file_is_stale(monkeypatch, capsys):
    from dashboards import generate

    fresh = generate.generate()
    path = "dashboards/grafana/slo.json"
    monkeypatch.setattr(generate, "generate", lambda: {**fresh, path: "stale"})
    assert generate.main(["--check"]) == 1
    assert f"stale, run make generate: {path}" in capsys.readouterr().out
