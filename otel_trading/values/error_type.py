"""The value of `error.type`, by one rule for metrics, spans and logs.

https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/#error-type asks for the canonical name
of the exception, so the module is part of it.
"""

from __future__ import annotations

from typing import Final

_STATUS_CODES: Final = range(100, 600)


def error_type(error: BaseException) -> str:
    """Return the name of an exception's class, with its module unless that is `builtins`.

    Args:
        error: The exception that ended an operation.

    Returns:
        For example `TimeoutError`, or `requests.exceptions.ConnectionError`.
    """
    module, name = type(error).__module__, type(error).__qualname__
    return name if module == "builtins" else f"{module}.{name}"


def status_or_error_type(error: BaseException) -> str:
    """Return the value of `error.type` for a failed request: its HTTP status code, if it has one.

    Args:
        error: An exception of any client. The errors of requests, httpx and alpaca-py have a `status_code`,
            or a `response` that has one.

    Returns:
        For example `429`, or the name of the exception's class.
    """
    for holder in (error, getattr(error, "response", None)):
        code = getattr(holder, "status_code", None)
        if isinstance(code, int) and code in _STATUS_CODES:
            return str(int(code))
    return error_type(error)
