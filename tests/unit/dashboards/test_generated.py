"""The generated files equal the output of the builders."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Grafana's builders, of `make generate`, need Python 3.11"
)
ROOT = Path(__file__).parents[3]


def test_every_file_is_in_sync():
    from tools.generate.dashboards import generate

    files = generate()
    assert len(files) == 5
    for path, text in files.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, path
        assert "by make generate. Do not edit." in text
