"""The value of `error.type`."""

from __future__ import annotations

from decimal import InvalidOperation
from types import SimpleNamespace

import pytest

from otel_trading.values.error_type import error_type, status_or_error_type


class RefusedError(Exception):
    def __init__(self, **fields: object) -> None:
        vars(self).update(fields)


NAME = f"{__name__}.RefusedError"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), "TimeoutError"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (InvalidOperation(), "decimal.InvalidOperation"),
        (RefusedError(), NAME),
    ],
)
def test_an_exception_is_named_with_its_module_unless_it_is_a_builtin(error, expected):
    assert error_type(error) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status_code": 429}, "429"),
        ({"response": SimpleNamespace(status_code=503)}, "503"),
        ({"status_code": 42210000}, NAME),
        ({"status_code": "429"}, NAME),
        ({"response": None}, NAME),
        ({}, NAME),
    ],
)
def test_a_failed_request_is_named_by_its_http_status_code(fields, expected):
    assert status_or_error_type(RefusedError(**fields)) == expected
