"""Follow the tutorial and the guide like a reader: write their files, run their commands, compare the output."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import DOCS, shows, steps_of

ROOT = DOCS.parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder that looks like a clone with its environment; new files stay in this folder."""
    for path in ROOT.iterdir():
        if path.name not in {".git", ".venv"}:
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        (tmp_path / ".venv" / path.name).symlink_to(path)
    for stamp in ("demo", "installed"):  # up to date, so that `make` installs nothing
        (tmp_path / ".venv" / stamp).unlink(missing_ok=True)
        (tmp_path / ".venv" / stamp).touch()
    return tmp_path


@pytest.mark.parametrize("page", ["tutorial.md", "guide.md"])
def test_the_commands_of_a_page_print_the_output_that_it_shows(clone, page):
    """The commands of a page share one shell, so that exported variables last; `make` installs no environment."""
    if shutil.which("make") is None:
        pytest.skip("the page uses `make`, which is not installed: install GNU make")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "TRADING_", "PYTEST_"))}
    so_far, printed = "set -eo pipefail\n", ""
    for step in steps_of(page):
        if step.language == "python":
            assert step.file is not None, "the page does not name the file for this block"
            with (clone / step.file).open("a") as file:
                file.write(step.text + "\n")
        elif step.language == "bash" and step.mark is None:
            printed = run(clone, f"{so_far}echo; echo -- now\n{step.text}", kept)
            so_far += "".join(f"{line}\n" for line in step.text.splitlines() if keeps(line))
        elif step.language == "text" and printed:
            assert shows(step.text, printed), f"the page shows:\n{step.text}\nit printed:\n{printed}"
        else:
            printed = ""


def keeps(line: str) -> bool:
    """Return whether a line changes the shell of the reader for later commands."""
    return line.startswith(("source ", "export "))


def run(folder: Path, script: str, environ: dict[str, str]) -> str:
    command = ["bash", "-c", script]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout.partition("-- now\n")[2]
