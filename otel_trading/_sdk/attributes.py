"""The SDK's attributes of a span, filled without a check of each value.

`tracing.fast.probe` compares them with attributes that the SDK filled; if they differ, the SDK's own spans
are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.attributes import BoundedAttributes


def copied(given: Mapping[str, Any], most: int | None, longest: int | None) -> Any:
    """Return attributes of the SDK's class, with a copy of the given ones.

    Args:
        given: Valid for OTLP and within the limits; the copy keeps its count of dropped attributes, if any.
        most: The most attributes; None for no limit.
        longest: The most characters of a value; None for no limit.
    """
    made: Any = BoundedAttributes(most, immutable=False, max_value_len=longest)
    made._dict.update(given)
    made.dropped = getattr(given, "dropped", 0)
    return made
