"""Drill: start faults inside a service on purpose, to see whether its alerts fire.

The leader of a drill binds an XPUB socket to `TRADING_DRILL_URL`. A service subscribes there to its own name,
which the leader sees, and executes messages of two frames: the name, and JSON such as
{"do": "grow", "megabytes": 300}. It sends no answer; the effect of a fault shows in the telemetry only.

every service       grow {megabytes} and shrink     resident memory
                    spin and rest                   one busy core, while the event loop runs on
                    hang {seconds}                  a blocked event loop
market-data         slow_ticks {seconds} and fast_ticks
signal-bridge       fail_model and repair_model
risk-manager        trip and reset                  the kill switch, as by an operator
                    limit {name, value}             a new value of a limit; send the old one to end the fault
                    pause and resume                stop and resume the consumer of ticks
execution-engine    slow_orders {seconds} and fast_orders

A fault lasts until the second command of its row, or until the process ends.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from hashlib import pbkdf2_hmac
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from threading import Event, Thread

import zmq
import zmq.asyncio
from typing_extensions import Self

Command = Callable[..., object]

MOST_MEGABYTES = 4096
MOST_SECONDS = 60

_MEGABYTE = b"\1" * 1024 * 1024
_ROUNDS = 50_000
"""Rounds of hashing between two checks of the stop flag, about 20 ms."""

_log = logging.getLogger(__name__)


class Memory:
    """Memory that is allocated and never read."""

    def __init__(self) -> None:
        self._blocks: list[mmap] = []

    def grow(self, megabytes: int) -> None:
        """Allocate memory and write to it, so that it becomes resident.

        Args:
            megabytes: How much to add.

        Raises:
            ValueError: The number is not above 0, or the total would exceed `MOST_MEGABYTES`.
        """
        held = sum(len(block) for block in self._blocks) // len(_MEGABYTE)
        within("megabytes", megabytes, MOST_MEGABYTES - held)
        # A mapping goes back to the system when it is closed; the heap may keep freed blocks.
        block = mmap(-1, megabytes * len(_MEGABYTE), flags=MAP_PRIVATE | MAP_ANONYMOUS)
        for _ in range(megabytes):
            block.write(_MEGABYTE)
        self._blocks.append(block)

    def shrink(self) -> None:
        """Release all allocated memory."""
        while self._blocks:
            self._blocks.pop().close()


class Spin:
    """Work for one core, in a thread that leaves the interpreter lock free for other threads."""

    def __init__(self) -> None:
        self._resting = Event()
        self._thread: Thread | None = None

    def spin(self) -> None:
        """Start the thread, unless it already runs."""
        if self._thread is None:
            self._resting.clear()
            self._thread = Thread(target=self._work, name="drill", daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """Stop the thread, and wait for its end."""
        self._resting.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while not self._resting.is_set():
            pbkdf2_hmac("sha256", b"drill", b"drill", _ROUNDS)  # releases the interpreter lock


class Drill:
    """The commands that a service executes."""

    def __init__(self) -> None:
        memory, load = Memory(), Spin()
        self._commands: dict[str, Command] = {
            "grow": memory.grow,
            "shrink": memory.shrink,
            "spin": load.spin,
            "rest": load.rest,
            "hang": hang,
        }

    def offer(self, **commands: Command) -> None:
        """Add commands of the service.

        Args:
            commands: Functions by name; each gets the fields of its message, except `do`, as keyword
                arguments.
        """
        self._commands.update(commands)

    def execute(self, message: bytes) -> None:
        """Execute one command. An invalid one is logged and changes nothing.

        Args:
            message: A JSON object with `do` and the arguments of that command.
        """
        try:
            given = json.loads(message)
            command = self._commands[given.pop("do")]
            _log.warning("drill: %s", message.decode())
            command(**given)
        except (AttributeError, KeyError, TypeError, ValueError):
            _log.exception("not a command: %r; the commands are %s", message, ", ".join(self._commands))

    async def listen(self, socket: zmq.asyncio.Socket) -> None:
        """Execute commands from a socket until cancelled, on the event loop of the service.

        Args:
            socket: A SUB socket.
        """
        while True:
            _, message = await socket.recv_multipart()
            self.execute(message)


class Leader:
    """Leads a drill: binds the socket to which services connect, at any time and again after a restart.

    Args:
        url: The value of `TRADING_DRILL_URL` in the services.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # report the subscription of a restarted service, too
        self._socket.bind(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def send(self, service: str, do: str, **given: object) -> None:
        """Send a command to a service.

        Args:
            service: The name of the service, such as "risk-manager".
            do: The name of the command.
            given: The arguments of the command.
        """
        self._socket.send_multipart([service.encode(), json.dumps({"do": do, **given}).encode()])

    def wait_for(self, *services: str, seconds: float) -> bool:
        """Wait until each service has subscribed, counting only subscriptions since the last call.

        Args:
            services: The names of the services.
            seconds: How long to wait at most.

        Returns:
            Whether all of them have subscribed.
        """
        # XPUB receives a subscription as the byte 1 and the topic (https://rfc.zeromq.org/spec/29/).
        missing, deadline = {b"\1" + name.encode() for name in services}, time.monotonic() + seconds
        while missing and self._socket.poll(max(0, int(1000 * (deadline - time.monotonic())))):
            missing.discard(self._socket.recv())
        return not missing


def hang(seconds: float) -> None:
    """Block the event loop.

    Args:
        seconds: How long, at most `MOST_SECONDS`.

    Raises:
        ValueError: The number is not above 0, or too large.
    """
    time.sleep(within("seconds", seconds, MOST_SECONDS))


def within(name: str, value: float, most: float) -> float:
    """Return `value` if it is above 0 and at most `most`.

    Args:
        name: The name of the value, for the error message.
        value: The number to check.
        most: The largest allowed number.

    Raises:
        ValueError: The number is out of this range.
    """
    if not 0 < value <= most:
        raise ValueError(f"{name} is {value}, which is not above 0 and at most {most}")
    return value
