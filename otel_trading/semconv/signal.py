# Generated from registry/signal.yaml by make generate. Do not edit.
"""Names and definitions of the domain signal."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv.definitions import Label, Metric

TRADING_STRATEGY_NAME: Final = "trading.strategy.name"
"""
The strategy, as the desk calls it.
"""

TRADING_MODEL_NAME: Final = "trading.model.name"
"""
The model with its version, as it was deployed.
"""

TRADING_FEATURE_SET_NAME: Final = "trading.feature_set.name"
"""
The set of features a model takes.
"""

TRADING_SIGNAL_DIRECTION: Final = "trading.signal.direction"
"""
What a signal says to do.
"""


class TradingSignalDirectionValues(Enum):
    """Values of `trading.signal.direction`."""

    BUY = "buy"
    """Go long or reduce a short."""

    SELL = "sell"
    """Go short or reduce a long."""

    HOLD = "hold"
    """Do nothing."""


TRADING_SIGNAL_INFERENCE_DURATION: Final = "trading.signal.inference.duration"
"""
Time that one inference took.
"""

TRADING_SIGNAL_FEATURE_DURATION: Final = "trading.signal.feature.duration"
"""
Time that the computation of one set of features took.
"""

TRADING_SIGNAL_GENERATE_DURATION: Final = "trading.signal.generate.duration"
"""
Time from a tick to the signal it led to.
"""

TRADING_SIGNAL_GENERATED: Final = "trading.signal.generated"
"""
Signals generated, those that say hold included.
"""

TRADING_SIGNAL_INFERENCE_ERRORS: Final = "trading.signal.inference.errors"
"""
Inferences that failed.
"""

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        name="trading.signal.inference.duration",
        kind="histogram",
        unit="s",
        description="Time that one inference took.",
        labels=(
            Label("model_name", "trading.model.name", None, required=True),
            Label("error_type", "error.type", None, required=False),
        ),
        service="signal-bridge",
        prometheus="trading_signal_inference_duration_seconds",
        boundaries=(
            2.5e-05,
            5e-05,
            0.0001,
            0.00025,
            0.0005,
            0.00075,
            0.0009,
            0.001,
            0.0011,
            0.00125,
            0.0015,
            0.002,
            0.003,
            0.005,
            0.01,
            0.025,
            0.05,
            0.1,
        ),
        slo=0.001,
        headline=True,
    ),
    Metric(
        name="trading.signal.feature.duration",
        kind="histogram",
        unit="s",
        description="Time that the computation of one set of features took.",
        labels=(
            Label("feature_set_name", "trading.feature_set.name", None, required=True),
            Label("error_type", "error.type", None, required=False),
        ),
        service="signal-bridge",
        prometheus="trading_signal_feature_duration_seconds",
        boundaries=(
            5e-06,
            1e-05,
            2.5e-05,
            5e-05,
            0.0001,
            0.0002,
            0.0003,
            0.0004,
            0.00045,
            0.0005,
            0.00055,
            0.0006,
            0.00075,
            0.001,
            0.002,
            0.005,
            0.01,
            0.05,
        ),
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.signal.generate.duration",
        kind="histogram",
        unit="s",
        description="Time from a tick to the signal it led to.",
        labels=(
            Label("strategy_name", "trading.strategy.name", None, required=True),
            Label("direction", "trading.signal.direction", frozenset({"buy", "sell", "hold"}), required=True),
            Label("error_type", "error.type", None, required=False),
        ),
        service="signal-bridge",
        prometheus="trading_signal_generate_duration_seconds",
        boundaries=(
            2.5e-05,
            5e-05,
            0.0001,
            0.00025,
            0.0005,
            0.00075,
            0.0009,
            0.001,
            0.0011,
            0.00125,
            0.0015,
            0.002,
            0.003,
            0.005,
            0.01,
            0.025,
            0.05,
            0.1,
        ),
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.signal.generated",
        kind="counter",
        unit="{signal}",
        description="Signals generated, those that say hold included.",
        labels=(
            Label("strategy_name", "trading.strategy.name", None, required=True),
            Label("direction", "trading.signal.direction", frozenset({"buy", "sell", "hold"}), required=True),
        ),
        service="signal-bridge",
        prometheus="trading_signal_generated_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.signal.inference.errors",
        kind="counter",
        unit="{error}",
        description="Inferences that failed.",
        labels=(
            Label("model_name", "trading.model.name", None, required=True),
            Label("error_type", "error.type", None, required=True),
        ),
        service="signal-bridge",
        prometheus="trading_signal_inference_errors_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
)
"""The domain's metrics, in the order of the registry."""
