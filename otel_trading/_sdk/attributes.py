"""Attributes of a span that the SDK keeps, filled without a check of each value.

The probe of the fast spans compares them with the SDK's own, and falls back to the SDK's spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.attributes import BoundedAttributes


def copied(given: Mapping[str, Any], most: int | None, longest: int | None) -> Any:
    """Return attributes of the SDK that hold a copy of others.

    Args:
        given: Clean and within the limits; if it has a count of dropped attributes, the copy keeps it.
        most: The most attributes; None for no limit.
        longest: The most characters of a value; None for no limit.
    """
    made: Any = BoundedAttributes(most, immutable=False, max_value_len=longest)
    made._dict.update(given)
    made.dropped = getattr(given, "dropped", 0)
    return made
