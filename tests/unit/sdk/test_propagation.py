"""The propagators inside a composite propagator."""

from __future__ import annotations

from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_trading._sdk.propagation import components


def test_the_components_of_a_composite_propagator_are_found_in_their_order():
    parts = [TraceContextTextMapPropagator(), TraceContextTextMapPropagator()]
    assert components(CompositePropagator(parts)) == tuple(parts)


def test_another_propagator_has_no_known_components():
    assert components(TraceContextTextMapPropagator()) == ()
