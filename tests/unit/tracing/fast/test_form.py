"""Which form of the calls runs, that both are one source, and that both pass the tests of this room."""

from __future__ import annotations

import hashlib
import inspect
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan

from otel_trading.recording import FORM
from otel_trading.tracing.fast import calls as pure
from otel_trading.tracing.fast.form import calls

FOLDER = Path(pure.__file__).parent
STAMP = FOLDER / "_calls.sha256"
COMPILED = pytest.mark.skipif(not STAMP.exists(), reason="the calls are not compiled")


@COMPILED
def test_the_compiled_calls_are_those_of_the_source():
    """Otherwise `python hatch_build.py` compiles them again."""
    assert STAMP.read_text().strip() == hashlib.sha256((FOLDER / "calls.py").read_bytes()).hexdigest()


def test_the_calls_have_the_form_that_health_says_where_there_is_a_gil_and_are_python_elsewhere():
    is_compiled = FORM == "compiled" and not sysconfig.get_config_var("Py_GIL_DISABLED")
    assert calls.__name__ == f"otel_trading.tracing.fast.{'_calls' if is_compiled else 'calls'}"


@COMPILED
@pytest.mark.skipif(calls is pure, reason="this is a process that runs them in Python")
def test_the_tests_of_this_room_pass_in_pure_python():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        str(Path(__file__).parent),
    ]
    environment = {**os.environ, "OTEL_TRADING_PURE_PYTHON": "1"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("form", {pure, calls}, ids=lambda module: module.__name__)
def test_a_span_that_is_not_sampled_has_every_method_of_the_apis(form):
    span = form.UnsampledSpan
    assert issubclass(span, NonRecordingSpan)
    assert issubclass(span, trace.Span)
    for name, method in inspect.getmembers(NonRecordingSpan, inspect.isfunction):
        if name != "__init__":
            assert callable(getattr(span, name)), method


class Hostile:
    """Raises when it is looked at."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize("form", {pure, calls}, ids=lambda module: module.__name__)
@pytest.mark.parametrize("kind", [type(None), int, float, str, list, Hostile])
def test_a_span_that_is_not_sampled_takes_anything(form, kind):
    span, thing = form.UnsampledSpan.__new__(form.UnsampledSpan), kind()
    for name, method in inspect.getmembers(NonRecordingSpan, inspect.isfunction):
        parameters = [*inspect.signature(method).parameters][1:]
        if name in dir(trace.Span) and not name.startswith("_") and parameters:
            assert getattr(span, name)(**dict.fromkeys(parameters, thing)) is None
            assert getattr(span, name)(*[thing] * len(parameters)) is None
