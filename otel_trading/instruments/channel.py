"""A channel: messages between two services, and the trace context in them."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from otel_trading import metrics
from otel_trading._guard import guard, report
from otel_trading.instruments import _arguments
from otel_trading.instruments.operation import Opened, Timed
from otel_trading.propagation import extract_frames, inject_frames
from otel_trading.recording import Histogram, Timer
from otel_trading.tracing import span
from otel_trading.values.error_type import error_type


class Sent(Timed):
    """A send, as a context manager: `with` binds the frames and one more frame with the trace context."""

    __slots__ = ("frames",)

    frames: Sequence[bytes]

    def __enter__(self) -> list[bytes]:
        frames = list(self.frames)  # first, since an error here must not leave a span open
        self.span = self._opened.__enter__()
        self._start = perf_counter()
        try:
            return inject_frames(frames)
        except Exception as error:  # noqa: BLE001 - the message must be sent, even without a trace context
            report("trace context of a message", error)
        return frames


class Processed(Timed):
    """The work on a message, as a context manager: `with` binds the frames."""

    __slots__ = ("frames",)

    frames: Sequence[bytes]

    def __enter__(self) -> list[bytes]:
        frames = list(self.frames)  # first, since an error here must not leave a span open
        self.span = self._opened.__enter__()
        self._start = perf_counter()
        return frames


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
        destination: The name of the channel at both ends; it names spans, so it must be one of a few words.
        system: `messaging.system`.

    Raises:
        LabelError: A name is not text, or empty.
    """

    def __init__(self, destination: str, *, system: str = "zeromq") -> None:
        self.destination = _arguments.name(destination, "Channel(destination)")
        self.system = _arguments.name(system, "Channel(system)")
        self._sends = _SpanTemplate("send", self, SpanKind.PRODUCER)
        self._processes = _SpanTemplate("process", self, SpanKind.CONSUMER)
        self._send = self._duration("send")
        self._receive = self._duration("receive")

    def send(self, frames: Sequence[bytes]) -> Sent:
        """Time a send, in a span `send {destination}`.

        Args:
            frames: The message; the topic of a PUB socket first.

        Returns:
            A context manager that binds the frames to send; the last one is added and has the trace context.
        """
        sent = Sent(self._sends.open(), self._send, self._send_failed)
        sent.frames = frames
        return sent

    def receive(self) -> Timer:
        """Time a receive. Wait for the message before the block, so that the wait is not timed.

        Returns:
            A context manager.
        """
        return self._receive.time()

    def process(self, frames: Sequence[bytes]) -> Processed:
        """Process a message in a span `process {destination}`, a child of the span that sent it.

        Args:
            frames: The frames as they were received.

        Returns:
            A context manager that binds the frames without the frame of the trace context.
        """
        context: Context | None = None
        with guard("trace context of a message"):
            context, frames = extract_frames(frames)
        processed = Processed(self._processes.open(context))
        processed.frames = frames
        return processed

    @guard("queue depth")
    def depth(self, messages: int, direction: str = "in") -> None:
        """Set the number of messages in a queue of the application; ZeroMQ does not report its own queues.

        Args:
            messages: The number of messages that wait.
            direction: "in" or "out".
        """
        known = _arguments.word(metrics.queue_depth, "direction", direction)
        metrics.queue_depth.bind(destination_name=self.destination, direction=known).set(messages)

    def _duration(self, operation: str, error_type: str | None = None) -> Histogram:
        return metrics.messaging_client_operation_duration.bind(
            messaging_system=self.system,
            destination_name=self.destination,
            operation_name=operation,
            error_type=error_type,
        )

    def _send_failed(self, error: BaseException) -> Histogram:
        return self._duration("send", error_type(error))


class _SpanTemplate:
    """The name, attributes and kind that all spans of one operation on a channel share."""

    __slots__ = ("_attributes", "_kind", "_name")

    def __init__(self, operation: str, channel: Channel, kind: SpanKind) -> None:
        self._name = f"{operation} {channel.destination}"
        self._attributes = {
            "messaging.system": channel.system,
            "messaging.destination.name": channel.destination,
            "messaging.operation.name": operation,
        }
        self._kind = kind

    def open(self, context: Context | None = None) -> Opened:
        return span(self._name, self._attributes, kind=self._kind, context=context)
