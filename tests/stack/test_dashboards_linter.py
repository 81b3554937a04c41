"""Grafana's dashboard-linter passes if it is installed; tests/unit/dashboards checks the same rules."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.support.dashboards import BOARDS, ROOT


@pytest.mark.usefixtures("_stack_is_enabled")
@pytest.mark.parametrize("uid", BOARDS)
def test_grafanas_linter_accepts_the_dashboard(uid):
    linter = shutil.which("dashboard-linter")
    if linter is None:
        pytest.skip("needs Grafana's dashboard-linter on the PATH")
    path = ROOT / "dashboards" / "grafana" / f"{uid}.json"
    done = subprocess.run(
        [linter, "lint", "--strict", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
