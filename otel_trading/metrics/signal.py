# Generated from registry/signal.yaml by make generate. Do not edit.
"""The metrics of the domain signal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_trading.recording import CounterMetric, HistogramMetric
from otel_trading.semconv.signal import METRICS

if TYPE_CHECKING:
    from otel_trading.recording import Counter, Histogram
    from otel_trading.semconv.signal import TradingSignalDirectionValues


class SignalInferenceDuration(HistogramMetric):
    """Duration of one inference.

    Its count is the denominator of the error ratio.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, model_name: str, error_type: str | None = None) -> Histogram: ...


class SignalFeatureDuration(HistogramMetric):
    """Duration of the computation of one set of features.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, feature_set_name: str, error_type: str | None = None) -> Histogram: ...


class SignalGenerateDuration(HistogramMetric):
    """Time from a tick to the resulting signal.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            strategy_name: str,
            direction: str | TradingSignalDirectionValues,
            error_type: str | None = None,
        ) -> Histogram: ...


class SignalGenerated(CounterMetric):
    """Generated signals, including those with the direction hold.

    Unit: `{signal}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, strategy_name: str, direction: str | TradingSignalDirectionValues) -> Counter: ...


class SignalInferenceErrors(CounterMetric):
    """Inferences that failed.

    The inference duration counts failures too; this counter has a name of its own for alerts.

    Unit: `{error}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, model_name: str, error_type: str) -> Counter: ...


signal_inference_duration: Final = SignalInferenceDuration(METRICS[0])
signal_feature_duration: Final = SignalFeatureDuration(METRICS[1])
signal_generate_duration: Final = SignalGenerateDuration(METRICS[2])
signal_generated: Final = SignalGenerated(METRICS[3])
signal_inference_errors: Final = SignalInferenceErrors(METRICS[4])
