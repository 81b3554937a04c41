"""The places where OpenTelemetry's API stores the current context and span."""

from __future__ import annotations

from contextvars import ContextVar

import pytest
from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

from otel_trading._sdk.contexts import SPAN_KEY, context_variable


def test_the_key_leads_to_the_span_of_a_context():
    assert set_span_in_context(INVALID_SPAN, Context())[SPAN_KEY] is INVALID_SPAN


def test_the_variable_holds_the_current_context():
    context = Context({"key": "value"})
    token = context_api.attach(context)
    try:
        assert context_variable().get() == context
    finally:
        context_api.detach(token)


class OtherRuntimeContext(ContextVarsRuntimeContext):
    """A runtime context that an application could configure."""


def renamed() -> ContextVarsRuntimeContext:
    runtime = ContextVarsRuntimeContext()
    runtime._renamed = vars(runtime).pop("_current_context")
    return runtime


def replaced() -> ContextVarsRuntimeContext:
    runtime = ContextVarsRuntimeContext()
    runtime._current_context = [ContextVar("other")]
    return runtime


@pytest.mark.parametrize("make", [OtherRuntimeContext, renamed, replaced])
def test_another_runtime_context_or_release_has_no_known_variable(make, monkeypatch):
    monkeypatch.setattr(context_api, "_RUNTIME_CONTEXT", make())
    assert context_variable() is None


def test_an_api_without_a_runtime_context_has_no_known_variable(monkeypatch):
    monkeypatch.delattr(context_api, "_RUNTIME_CONTEXT")
    assert context_variable() is None
