"""The alert rules pass the checks of promtool and its unit tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ALERTS = Path(__file__).parents[2] / "alerts"
TESTS = sorted((ALERTS / "tests").rglob("*.yml"))
CASES = [path for path in TESTS if path.name != "rules.yml"]


def output_of(promtool: Path, *arguments: str) -> str:
    done = subprocess.run(
        [promtool, *arguments], capture_output=True, text=True, timeout=120, check=False, cwd=ALERTS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("path", sorted((ALERTS / "rules").glob("*.yml")), ids=lambda path: path.stem)
def test_prometheus_accepts_the_rules(promtool, path):
    assert "SUCCESS" in output_of(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(path))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_alert_fires_stays_silent_and_resolves_as_its_cases_say(promtool, path):
    assert "SUCCESS" in output_of(promtool, "test", "rules", str(path))
