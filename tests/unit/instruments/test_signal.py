"""A model: stages are timed, signals are counted, and errors are counted for the model."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings

from otel_trading import _losses
from otel_trading.errors import LabelError
from otel_trading.instruments import Model
from tests.support.seen import Seen
from tests.support.strategies import not_names, not_words


def new_model() -> Model:
    return Model("gbm-7", strategy="mm", feature_set="book")


def test_a_signal_is_counted_and_its_stages_are_timed_and_nested(seen):
    model = new_model()
    with model.generate() as signal:
        with model.features():
            pass
        with model.inference():
            pass
        signal.direction = "buy"
    assert seen.total("trading.signal.generated", direction="buy", name="mm") == 1
    assert seen.total("trading.signal.generate.duration", direction="buy") == 1
    assert seen.total("trading.signal.feature.duration", name="book") == 1
    assert seen.total("trading.signal.inference.duration", name="gbm-7") == 1
    root = seen.span("generate signal")
    assert root.attributes == {"trading.strategy.name": "mm", "trading.signal.direction": "buy"}
    assert {s.parent.span_id for s in seen.spans if s is not root} == {root.context.span_id}


def test_the_direction_of_a_signal_is_hold_by_default(seen):
    model = new_model()
    with model.generate():
        pass
    with model.generate() as signal:
        signal.signal("sell")
    assert {d: seen.total("trading.signal.generated", direction=d) for d in ("hold", "sell")} == {
        "hold": 1,
        "sell": 1,
    }


def test_an_error_counts_no_signal(seen):
    with pytest.raises(ZeroDivisionError), new_model().generate():
        raise ZeroDivisionError
    assert seen.total("trading.signal.generated") == 0
    assert seen.total("trading.signal.generate.duration", type="ZeroDivisionError") == 1


def test_an_error_of_an_inference_is_counted_and_propagates_unchanged(seen):
    error = ValueError("shape")
    with pytest.raises(ValueError, match="shape") as raised, new_model().inference():
        raise error
    assert raised.value is error
    assert seen.total("trading.signal.inference.errors", type="ValueError", name="gbm-7") == 1
    assert seen.total("trading.signal.inference.duration", type="ValueError") == 1


def test_a_cancelled_inference_is_not_an_error_of_the_model(seen):
    with pytest.raises(asyncio.CancelledError), new_model().inference():
        raise asyncio.CancelledError
    assert seen.total("trading.signal.inference.errors") == 0
    assert seen.total("trading.signal.inference.duration", type="asyncio.exceptions.CancelledError") == 1


def test_failed_features_are_timed_by_their_error(seen):
    with pytest.raises(KeyError), new_model().features():
        raise KeyError
    assert seen.total("trading.signal.feature.duration", type="KeyError") == 1


def test_a_model_that_does_not_load_is_an_error_of_the_model(seen):
    new_model().load_failed(FileNotFoundError("model.bin"))
    assert seen.total("trading.signal.inference.errors", type="FileNotFoundError") == 1


@settings(deadline=None)
@given(word=not_words)
def test_an_unknown_direction_is_counted_as_other(word):
    seen = Seen()
    _losses.reset()
    with new_model().generate() as signal:
        signal.direction = word
    assert seen.total("trading.signal.generated", direction="_OTHER") == 1
    assert _losses.snapshot() == {"metrics": {"label_other": 1}}


@pytest.mark.parametrize("argument", ["name", "strategy", "feature_set"])
@given(name=not_names)
def test_a_model_needs_its_names(argument, name):
    given = {"name": "m", "strategy": "s", "feature_set": "f", argument: name}
    with pytest.raises(LabelError, match=rf"Model\({argument}\) takes text"):
        Model(**given)
