"""The form that runs, compiled or Python; both come from one source, and both pass the tests of this room."""

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
from otel_trading.tracing.fast import calls as pure_calls
from otel_trading.tracing.fast import unsampled as pure_unsampled
from otel_trading.tracing.fast.form import calls, unsampled

FOLDER = Path(pure_calls.__file__).parent
STAMP = FOLDER / "_calls.sha256"
COMPILED = pytest.mark.skipif(not STAMP.exists(), reason="the modules of this room are not compiled")
BOTH_FORMS = pytest.mark.parametrize(
    "form", {pure_unsampled, unsampled}, ids=lambda module: module.__name__.rpartition(".")[2]
)


@COMPILED
def test_the_compiled_modules_are_those_of_the_source():
    """Otherwise `python hatch_build.py` compiles them again."""
    source = b"".join((FOLDER / f"{name}.py").read_bytes() for name in ("calls", "unsampled"))
    assert STAMP.read_text().strip() == hashlib.sha256(source).hexdigest()


def test_the_modules_have_the_form_that_health_reports_where_there_is_a_gil_and_are_python_elsewhere():
    is_compiled = FORM == "compiled" and not sysconfig.get_config_var("Py_GIL_DISABLED")
    names = [module.__name__.rpartition(".")[2] for module in (calls, unsampled)]
    assert names == (["_calls", "_unsampled"] if is_compiled else ["calls", "unsampled"])


@COMPILED
@pytest.mark.skipif(calls is pure_calls, reason="this process runs the modules in Python")
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


@BOTH_FORMS
def test_an_unsampled_span_has_every_method_of_the_apis_span(form):
    span = form.UnsampledSpan
    assert issubclass(span, NonRecordingSpan)
    assert issubclass(span, trace.Span)
    for name, method in inspect.getmembers(NonRecordingSpan, inspect.isfunction):
        if name != "__init__":
            assert callable(getattr(span, name)), method


class Hostile:
    """Raises whenever one of its attributes is read."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


@BOTH_FORMS
@pytest.mark.parametrize("kind", [type(None), int, float, str, list, Hostile])
def test_the_methods_of_an_unsampled_span_accept_any_arguments(form, kind):
    span, thing = form.UnsampledSpan.__new__(form.UnsampledSpan), kind()
    for name, method in inspect.getmembers(NonRecordingSpan, inspect.isfunction):
        parameters = [*inspect.signature(method).parameters][1:]
        if name in dir(trace.Span) and not name.startswith("_") and parameters:
            assert getattr(span, name)(**dict.fromkeys(parameters, thing)) is None
            assert getattr(span, name)(*[thing] * len(parameters)) is None
