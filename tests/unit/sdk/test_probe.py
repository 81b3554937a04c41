"""A probe runs once per process, and any exception means that it failed."""

from __future__ import annotations

import pytest

from otel_trading._sdk.probe import once, warn_unknown_release


@pytest.mark.parametrize("result", [True, False])
def test_a_probe_runs_once_and_returns_its_result(result):
    calls = []

    @once
    def probe() -> bool:
        calls.append(1)
        return result

    assert [probe(), probe()] == [result, result]
    assert calls == [1]


@pytest.mark.parametrize("error", [AttributeError, ImportError, TypeError, ZeroDivisionError])
def test_a_probe_that_raises_has_failed(error):
    @once
    def probe() -> bool:
        raise error

    assert probe() is False


def test_the_warning_names_the_feature_and_appears_once(caplog):
    warn_unknown_release("fast spans")
    warn_unknown_release("fast spans")
    [record] = caplog.records
    assert record.getMessage() == (
        "otel_trading: the fast spans do not support the installed release of opentelemetry-sdk, "
        "so the SDK's own are used: correct, but slower"
    )
