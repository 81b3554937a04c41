"""A model: the computation of its features, its inference, and the signal that follows."""

from __future__ import annotations

from functools import partial

from otel_trading import metrics
from otel_trading._guard import guard
from otel_trading.instruments import _arguments
from otel_trading.instruments.operation import Opened, Operation
from otel_trading.recording import Histogram
from otel_trading.semconv import signal as names
from otel_trading.tracing import span
from otel_trading.values.error_type import error_type


class Generation(Operation):
    """One run from a tick to a signal; counts the signal when the block succeeds.

    Attributes:
        direction: "buy", "sell" or "hold"; "hold" until it is set.
    """

    __slots__ = ("_strategy", "direction")

    def __init__(self, opened: Opened, strategy: str) -> None:
        super().__init__(opened)
        self._strategy = strategy
        self.direction = "hold"

    def signal(self, direction: str) -> None:
        """Set the direction.

        Args:
            direction: "buy", "sell" or "hold".
        """
        self.direction = direction

    def _finish(self, elapsed: float, error: BaseException | None) -> None:
        strategy = self._strategy
        direction = _arguments.word(metrics.signal_generated, "direction", self.direction)
        self.span.set_attribute(names.TRADING_SIGNAL_DIRECTION, direction)
        if error is None:
            _generate_duration(strategy, direction).record(elapsed)
            metrics.signal_generated.bind(strategy_name=strategy, direction=direction).add()
        else:
            metrics.signal_generate_duration.bind(
                strategy_name=strategy, direction=direction, error_type=error_type(error)
            ).record(elapsed)


class Model:
    """One model, with the features that it reads and the strategy that uses its signals.

        model = Model("gbm-7", strategy="mm", feature_set="book-v2")
        with model.generate() as signal:
            with model.features():
                x = features(book)
            with model.inference():
                y = predict(x)
            signal.direction = "buy" if y > 0 else "hold"

    Args:
        name: The model, and its version if several run.
        strategy: The strategy that uses its signals.
        feature_set: The set of features that it reads.

    Raises:
        LabelError: A name is not text, or empty.
    """

    def __init__(self, name: str, *, strategy: str, feature_set: str) -> None:
        self.name = _arguments.name(name, "Model(name)")
        self.strategy = _arguments.name(strategy, "Model(strategy)")
        self.feature_set = _arguments.name(feature_set, "Model(feature_set)")
        self._features = metrics.signal_feature_duration.bind(feature_set_name=self.feature_set)
        self._inference = metrics.signal_inference_duration.bind(model_name=self.name)

    def features(self) -> Operation:
        """Time the computation of the features; returns a context manager."""
        opened = span("compute features", {names.TRADING_FEATURE_SET_NAME: self.feature_set})
        failed = partial(_failed_features, self.feature_set)
        return Operation(opened, self._features, failed)

    def inference(self) -> Operation:
        """Time one inference, and count an exception in it as an error of the model.

        The duration of a cancelled inference has an `error.type`, but it does not count as an error of the
        model.

        Returns:
            A context manager.
        """
        opened = span("infer", {names.TRADING_MODEL_NAME: self.name})
        return Operation(opened, self._inference, self._failed_inference)

    def generate(self) -> Generation:
        """Time one run from a tick to a signal, and count the signal.

        Returns:
            A context manager with the attribute `direction`. If the block raises, no signal is counted,
            and the duration has an `error.type`.
        """
        return Generation(
            span("generate signal", {names.TRADING_STRATEGY_NAME: self.strategy}), self.strategy
        )

    @guard("failed to load a model")
    def load_failed(self, error: BaseException) -> None:
        """Count a model that could not be loaded, as an error of the model.

        Args:
            error: The exception.
        """
        self._count_error(error_type(error))

    def _failed_inference(self, error: BaseException) -> Histogram:
        type_name = error_type(error)
        if isinstance(error, Exception):
            self._count_error(type_name)
        return metrics.signal_inference_duration.bind(model_name=self.name, error_type=type_name)

    def _count_error(self, type_name: str) -> None:
        metrics.signal_inference_errors.bind(model_name=self.name, error_type=type_name).add()


def _generate_duration(strategy: str, direction: str) -> Histogram:
    return metrics.signal_generate_duration.bind(strategy_name=strategy, direction=direction)


def _failed_features(feature_set: str, error: BaseException) -> Histogram:
    return metrics.signal_feature_duration.bind(feature_set_name=feature_set, error_type=error_type(error))
