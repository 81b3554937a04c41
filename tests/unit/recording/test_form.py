"""The form that runs, and whether the compiled form was compiled from the present source."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from otel_trading.recording import cells, form

FOLDER = Path(cells.__file__).parent
STAMP = FOLDER / "_cells.sha256"
COMPILED = pytest.mark.skipif(not STAMP.exists(), reason="the cells are not compiled")


def form_in_a_process(**environment: str) -> str:
    code = "from otel_trading import recording; print(recording.FORM)"
    given = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=given, check=True, capture_output=True, text=True
    ).stdout.strip()


@COMPILED
def test_the_cells_were_compiled_from_the_present_source():
    """If not, run `python hatch_build.py`."""
    source = b"".join((FOLDER / name).read_bytes() for name in ("cells.py", "sums.py"))
    assert STAMP.read_text().strip() == hashlib.sha256(source).hexdigest()


@COMPILED
def test_compiled_cells_run_unless_the_environment_asks_for_python():
    assert form_in_a_process(OTEL_TRADING_PURE_PYTHON="") == form.COMPILED
    assert form_in_a_process(OTEL_TRADING_PURE_PYTHON="0") == form.COMPILED
    assert form_in_a_process(OTEL_TRADING_PURE_PYTHON="1") == form.PURE


@COMPILED
def test_both_forms_have_the_same_public_methods():
    pure, compiled = (form.cells_of(name, free_threaded=False) for name in (form.PURE, form.COMPILED))
    for one, other in zip(pure, compiled, strict=True):
        assert public(one) == public(other)


def public(kind: object) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}
