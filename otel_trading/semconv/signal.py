# Generated from registry/signal.yaml by make generate. Do not edit.
"""Names and definitions of the domain signal."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv import boundaries, labels
from otel_trading.semconv.definitions import Metric

TRADING_STRATEGY_NAME: Final = "trading.strategy.name"
"""
The desk's name for the strategy.
"""

TRADING_MODEL_NAME: Final = "trading.model.name"
"""
The model with its version, as it was deployed.
"""

TRADING_FEATURE_SET_NAME: Final = "trading.feature_set.name"
"""
The set of features that a model reads.
"""

TRADING_SIGNAL_DIRECTION: Final = "trading.signal.direction"
"""
The direction that a signal recommends.
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
Duration of one inference.
"""

TRADING_SIGNAL_FEATURE_DURATION: Final = "trading.signal.feature.duration"
"""
Duration of the computation of one set of features.
"""

TRADING_SIGNAL_GENERATE_DURATION: Final = "trading.signal.generate.duration"
"""
Time from a tick to the resulting signal.
"""

TRADING_SIGNAL_GENERATED: Final = "trading.signal.generated"
"""
Generated signals, including those with the direction hold.
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
        description="Duration of one inference.",
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
        description="Duration of the computation of one set of features.",
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
        description="Time from a tick to the resulting signal.",
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
        description="Generated signals, including those with the direction hold.",
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
