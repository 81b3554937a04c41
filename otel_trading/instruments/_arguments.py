"""Arguments of the instruments: names, quantities at construction, words of closed sets, and errors."""

from __future__ import annotations

from enum import Enum
from reprlib import repr as shown  # short, and safe where `__repr__` raises
from typing import Any

from otel_trading.errors import LabelError
from otel_trading.recording import BoundMetric
from otel_trading.values.error_type import status_or_error_type
from otel_trading.values.numbers import converted
from otel_trading.values.text import described, type_name


def name(given: object, what: str) -> str:
    """Return a name that the caller passed to a constructor, as text.

    Args:
        given: Text that is not empty, or a member of an enum of such texts.
        what: The argument, for the error message, such as `Feed(name)`.

    Raises:
        LabelError: The name is not text, or empty.
    """
    value = given.value if isinstance(given, Enum) else given
    if not isinstance(value, str) or not value.strip():
        raise LabelError(f"{what} takes text that is not empty, not {shown(value)}")
    return value


def size(given: object, what: str) -> float:
    """Return a quantity that the caller passed to a constructor.

    Args:
        given: A number above zero; Decimal, numpy scalars and decimal text are converted by `float`.
        what: The argument, for the error message.

    Raises:
        LabelError: The quantity is not a number, not finite, or not above zero.
    """
    value = converted(given)
    if value is None or value <= 0:
        raise LabelError(f"{what} takes a finite number above 0, not {shown(given)}")
    return value


def failure(error: BaseException | str) -> str:
    """Return the value of `error.type` for a failure that the caller reports.

    Args:
        error: An exception, whose HTTP status code is used if it has one, or a short word of a small set.
    """
    return status_or_error_type(error) if isinstance(error, BaseException) else described(error)


def word(metric: BoundMetric[Any], keyword: str, given: object) -> str:
    """Return `given` if the metric's closed label allows it, else `_OTHER`, with a count and a warning.

    Args:
        metric: The metric that has the label.
        keyword: The label's keyword in `bind`.
        given: Text, or a member of an enum of texts.
    """
    label = next(label for label in metric.definition.labels if label.keyword == keyword)
    value = given.value if isinstance(given, Enum) else given
    return str(metric.checked_value(label, value if isinstance(value, str) else type_name(value)))
