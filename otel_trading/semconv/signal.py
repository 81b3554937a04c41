# Generated from registry/signal.yaml by make generate. Do not edit.
"""Names and definitions of the domain signal."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv import boundaries, labels
from otel_trading.semconv.definitions import Metric

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
        labels=(labels.MODEL_NAME, labels.OPTIONAL_ERROR_TYPE),
        service="signal-bridge",
        prometheus="trading_signal_inference_duration_seconds",
        boundaries=boundaries.FROM_25US_TO_100MS,
        slo=0.001,
        headline=True,
    ),
    Metric(
        name="trading.signal.feature.duration",
        kind="histogram",
        unit="s",
        description="Time that the computation of one set of features took.",
        labels=(labels.FEATURE_SET_NAME, labels.OPTIONAL_ERROR_TYPE),
        service="signal-bridge",
        prometheus="trading_signal_feature_duration_seconds",
        boundaries=boundaries.FROM_5US_TO_50MS,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.signal.generate.duration",
        kind="histogram",
        unit="s",
        description="Time from a tick to the signal it led to.",
        labels=(labels.STRATEGY_NAME, labels.SIGNAL_DIRECTION, labels.OPTIONAL_ERROR_TYPE),
        service="signal-bridge",
        prometheus="trading_signal_generate_duration_seconds",
        boundaries=boundaries.FROM_25US_TO_100MS,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.signal.generated",
        kind="counter",
        unit="{signal}",
        description="Signals generated, those that say hold included.",
        labels=(labels.STRATEGY_NAME, labels.SIGNAL_DIRECTION),
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
        labels=(labels.MODEL_NAME, labels.ERROR_TYPE),
        service="signal-bridge",
        prometheus="trading_signal_inference_errors_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
)
"""The domain's metrics, in the order of the registry."""
