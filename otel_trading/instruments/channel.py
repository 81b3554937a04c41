"""A channel: messages between two services, and the trace that goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from otel_trading import metrics
from otel_trading._guard import guard
from otel_trading.instruments import _values
from otel_trading.instruments.operation import Opened, Operation
from otel_trading.propagation import extract_frames, inject_frames
from otel_trading.recording import Histogram, Timer
from otel_trading.tracing import span


class Frames:
    """The frames of one message, inside the operation that sends or processes them."""

    __slots__ = ("_frames", "_operation", "_sends")

    def __init__(self, operation: Operation, frames: Sequence[bytes], *, sends: bool) -> None:
        self._operation = operation
        self._frames = frames
        self._sends = sends

    def __enter__(self) -> list[bytes]:
        self._operation.__enter__()
        frames = list(self._frames)
        if self._sends:
            with guard("trace context of a message"):
                frames = inject_frames(frames)
        return frames

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._operation.__exit__(kind, error, traceback)


class Channel:
    """One direction of messages between services: a ZeroMQ endpoint, or another queue of frames.

        ticks = Channel("ticks")
        with ticks.send([topic, body]) as frames:
            socket.send_multipart(frames)

        with ticks.receive():                         # in the other service, once the socket is ready
            frames = socket.recv_multipart()
        with ticks.process(frames) as (topic, body):  # continues the sender's trace
            ...

    Args:
        destination: What is sent there, as both ends call it; it names spans, so one of a few words.
        system: `messaging.system`.

    Raises:
        LabelError: A name is no text, or empty.
    """

    def __init__(self, destination: str, *, system: str = "zeromq") -> None:
        self.destination = _values.name(destination, "Channel(destination)")
        self.system = _values.name(system, "Channel(system)")
        self._send = self._duration("send")
        self._receive = self._duration("receive")

    def send(self, frames: Sequence[bytes]) -> Frames:
        """Time a send, in a span `send {destination}`.

        Args:
            frames: The message; the topic of a PUB socket first.

        Returns:
            A context manager that gives the frames to send, the trace context in one more at the end.
        """
        return Frames(
            Operation(self._span("send", SpanKind.PRODUCER), self._send, self._send_failed),
            frames,
            sends=True,
        )

    def receive(self) -> Timer:
        """Time a receive. Wait for the message outside, or the wait is what is timed.

        Returns:
            A context manager.
        """
        return self._receive.time()

    def process(self, frames: Sequence[bytes]) -> Frames:
        """Work on a message in a span `process {destination}`, as a child of the span that sent it.

        Args:
            frames: As they were received.

        Returns:
            A context manager that gives the frames without the one of the trace context.
        """
        context: Context | None = None
        with guard("trace context of a message"):
            context, frames = extract_frames(frames)
        return Frames(Operation(self._span("process", SpanKind.CONSUMER, context)), frames, sends=False)

    @guard("queue depth")
    def depth(self, messages: int, direction: str = "in") -> None:
        """State how many messages wait in a queue of the application; ZeroMQ does not tell about its own.

        Args:
            messages: How many.
            direction: "in" or "out".
        """
        known = _values.word(metrics.queue_depth, "direction", direction)
        metrics.queue_depth.bind(destination_name=self.destination, direction=known).set(messages)

    def _span(self, operation: str, kind: SpanKind, context: Context | None = None) -> Opened:
        attributes = {
            "messaging.system": self.system,
            "messaging.destination.name": self.destination,
            "messaging.operation.name": operation,
        }
        return span(f"{operation} {self.destination}", attributes, kind=kind, context=context)

    def _duration(self, operation: str, error_type: str | None = None) -> Histogram:
        return metrics.messaging_client_operation_duration.bind(
            messaging_system=self.system,
            destination_name=self.destination,
            operation_name=operation,
            error_type=error_type,
        )

    def _send_failed(self, error: BaseException) -> Histogram:
        return self._duration("send", _values.error_type(error))
