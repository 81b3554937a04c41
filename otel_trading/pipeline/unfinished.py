"""The unfinished: spans that are still open when the process ends are exported, marked as incomplete."""

from __future__ import annotations

import gc
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span

from otel_trading._guard import guard

INCOMPLETE: Final = "otel_trading.incomplete"
"""The attribute of a span that was ended because the process ended."""


def end_open_spans(resource: Resource) -> int:
    """End every open span, and return how many there were.

    Nobody keeps a list of them, which would cost every span; the garbage collector knows them all.

    Args:
        resource: Of the provider whose spans are meant; a forked child's is another than its parent's.
    """
    found = [one for one in gc.get_objects() if issubclass(type(one), Span)]
    spans = [span for span in found if span.end_time is None and span.resource is resource]
    for span in spans:
        with guard("end of an open span"):
            span.set_attributes({INCOMPLETE: True})
            span.end()
    return len(spans)
