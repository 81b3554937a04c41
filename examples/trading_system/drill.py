"""Drill: faults that are started inside a service on purpose, so that its alerts are seen to fire.

`TRADING_DRILL_URL` is where the leader of a drill binds an XPUB socket. A service subscribes there to its
own name, which the leader sees, and obeys messages of two frames: the name, and JSON such as
{"do": "grow", "megabytes": 300}. It does not answer; what a fault does is in the telemetry, or nowhere.

every service       grow {megabytes} and shrink     memory, really used
                    spin and rest                   a core, while the event loop goes on
                    hang {seconds}                  the event loop stands still
market-data         slow_ticks {seconds} and fast_ticks
signal-bridge       fail_model and mend_model
risk-manager        trip and reset                  the kill switch, as an operator would
                    limit {name, value}             another limit; the old value again ends it
                    pause and resume                the consumer of the ticks
execution-engine    slow_orders {seconds} and fast_orders

A fault lasts until the command beside it, or until the process ends.
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
"""Of hashing, some 20 ms, before it is asked again whether to stop."""

_log = logging.getLogger(__name__)


class Memory:
    """Memory that is held for nothing."""

    def __init__(self) -> None:
        self._blocks: list[mmap] = []

    def grow(self, megabytes: int) -> None:
        """Hold more, and touch it, so that it is resident.

        Raises:
            ValueError: It is none, or would be too much in all.
        """
        held = sum(len(block) for block in self._blocks) // len(_MEGABYTE)
        within("megabytes", megabytes, MOST_MEGABYTES - held)
        # mapped, because what a heap frees it may keep
        block = mmap(-1, megabytes * len(_MEGABYTE), flags=MAP_PRIVATE | MAP_ANONYMOUS)
        for _ in range(megabytes):
            block.write(_MEGABYTE)
        self._blocks.append(block)

    def shrink(self) -> None:
        """Give all of it back."""
        while self._blocks:
            self._blocks.pop().close()


class Spin:
    """Work for one core, in a thread that leaves the interpreter to the others."""

    def __init__(self) -> None:
        self._resting = Event()
        self._thread: Thread | None = None

    def spin(self) -> None:
        """Begin, if it has not begun."""
        if self._thread is None:
            self._resting.clear()
            self._thread = Thread(target=self._work, name="drill", daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """Stop, and wait until it has."""
        self._resting.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while not self._resting.is_set():
            pbkdf2_hmac("sha256", b"drill", b"drill", _ROUNDS)  # without the interpreter's lock


class Drill:
    """The commands that a service obeys."""

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
        """Obey further commands.

        Args:
            commands: By name; each is called with what its message gives beside `do`.
        """
        self._commands.update(commands)

    def obey(self, message: bytes) -> None:
        """Carry out one command; one that cannot be is logged, and changes nothing.

        Args:
            message: A JSON object: `do`, and what that command takes.
        """
        try:
            given = json.loads(message)
            command = self._commands[given.pop("do")]
            _log.warning("drill: %s", message.decode())
            command(**given)
        except (AttributeError, KeyError, TypeError, ValueError):
            _log.exception("not a command: %r; there are %s", message, ", ".join(self._commands))

    async def listen(self, socket: zmq.asyncio.Socket) -> None:
        """Obey what comes until cancelled, on the event loop of the service.

        Args:
            socket: A SUB socket.
        """
        while True:
            _, message = await socket.recv_multipart()
            self.obey(message)


class Leader:
    """Leads a drill: binds where services listen, so that one that comes later, or comes back, hears it too.

    Args:
        url: What the services have as `TRADING_DRILL_URL`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # tells of a service that came back, too
        self._socket.bind(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def tell(self, service: str, do: str, **given: object) -> None:
        """Have a service carry out a command.

        Args:
            service: Its name, such as "risk-manager".
            do: The command.
            given: What the command takes.
        """
        self._socket.send_multipart([service.encode(), json.dumps({"do": do, **given}).encode()])

    def wait_for(self, *services: str, seconds: float) -> bool:
        """Wait until services listen that did not when this was last called.

        Args:
            services: Their names.
            seconds: How long, at most.

        Returns:
            Whether all of them do.
        """
        missing, deadline = {b"\1" + name.encode() for name in services}, time.monotonic() + seconds
        while missing and self._socket.poll(max(0, int(1000 * (deadline - time.monotonic())))):
            missing.discard(self._socket.recv())
        return not missing


def hang(seconds: float) -> None:
    """Keep the event loop from going on, as a call that blocks does.

    Raises:
        ValueError: It is not in the future, or too far.
    """
    time.sleep(within("seconds", seconds, MOST_SECONDS))


def within(name: str, value: float, most: float) -> float:
    """Return a number that is above 0 and at most `most`.

    Raises:
        ValueError: It is not.
    """
    if not 0 < value <= most:
        raise ValueError(f"{name} is {value}, which is not above 0 and at most {most}")
    return value
