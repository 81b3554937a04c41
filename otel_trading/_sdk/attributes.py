"""Attributes as the SDK keeps them on spans and log records, made without looking at each value again.

The probes of `logs` and `tracing` compare them with the SDK's own, and fall back to its records and spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes

_new: Final = object.__new__


def adopted(attributes: dict[str, Any], most: int | None) -> Any:
    """Return attributes of the SDK over a dictionary, which they keep.

    For a log record: its attributes were cleaned before, and the constructor would clean them again, which
    costs more than all else that a record needs.

    Args:
        attributes: Clean, within the limits, and used by nobody else from now on.
        most: How many there may be; None for no bound.
    """
    made: Any = _new(BoundedAttributes)
    made._dict = attributes
    made.maxlen = most
    made.dropped = 0
    made.max_value_len = None
    made._lock = Lock()
    made._immutable = False
    return made


def copied(given: Mapping[str, Any], most: int | None, longest: int | None) -> Any:
    """Return attributes of the SDK that hold a copy of others.

    Args:
        given: Clean and within the limits; a `dropped` of its own is kept.
        most: How many there may be; None for no bound.
        longest: The most characters of a value; None for no bound.
    """
    made: Any = BoundedAttributes(most, immutable=False, max_value_len=longest)
    made._dict.update(given)
    made.dropped = getattr(given, "dropped", 0)
    return made
