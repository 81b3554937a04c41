"""The alert rules pass the checks of Prometheus, and its unit tests show what they do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collector.stack.build import BuildError, build

ALERTS = Path(__file__).parents[2] / "alerts"
TESTS = sorted((ALERTS / "tests").rglob("*.yml"))
CASES = [path for path in TESTS if path.name != "rules.yml"]


@pytest.fixture(scope="module")
def promtool(_is_asked_for: None) -> Path:
    try:
        return build(["prometheus"])["prometheus"] / "promtool"
    except BuildError as error:
        pytest.skip(str(error))


def says(promtool: Path, *arguments: str) -> str:
    done = subprocess.run(
        [promtool, *arguments], capture_output=True, text=True, timeout=120, check=False, cwd=ALERTS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("path", sorted((ALERTS / "rules").glob("*.yml")), ids=lambda path: path.stem)
def test_prometheus_accepts_the_rules(promtool, path):
    assert "SUCCESS" in says(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(path))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_alert_fires_stays_silent_and_resolves_as_its_cases_say(promtool, path):
    assert "SUCCESS" in says(promtool, "test", "rules", str(path))
