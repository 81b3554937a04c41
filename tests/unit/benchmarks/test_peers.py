"""`make peers` installs the peers one by one, and tries a peer again if it could not be installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

PYTHON = """#!/bin/sh
case "$*" in
    *freeze*) echo opentelemetry-api==1 ;;
    *refused*) echo ERROR no wheel >&2; exit 1 ;;
    *) echo "$*" >> "$(dirname "$0")/asked.txt" ;;
esac
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_a_peer_that_could_not_be_installed_is_named_and_tried_each_time(tmp_path):
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    (folder / "installed").touch()
    command = ["make", "-s", "-o", str(folder / "installed"), "peers", f"VENV={folder}"]
    runs = [
        subprocess.run(
            [*command, "PEERS='kept>=1' 'refused>=2'"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [run.stdout for run in runs] == ["refused>=2 is not compared: ERROR no wheel\n"] * 2
    assert len((folder / "bin" / "asked.txt").read_text().splitlines()) == 1
