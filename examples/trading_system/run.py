"""Run: start the venue and the four services in order, inject faults, and end them in order.

It prints its own events as JSON lines between the lines of its children. See also `--help`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import requests

from trading_system.children import Child, ChildError
from trading_system.drill import Leader
from trading_system.faults import LONGEST, SCRIPT, ScriptStep
from trading_system.parent import parent_gone
from trading_system.settings import DRILL_URL

SERVICES = ("market_data", "risk_manager", "signal_bridge", "execution_engine")
"""The services in the order of their start. Each waits by itself for the others it needs."""

SHUTDOWN_ORDER = ("market_data", "signal_bridge", "execution_engine", "risk_manager")
"""The order of the shutdown: from the source of messages to the last reader, so that no message is lost.

The risk manager also sends to the execution engine, but only after a signal: the signal bridge ends first.
"""

RESTART_PAUSE = 1.0
"""Seconds until a service that ended unexpectedly is started again."""

_POLL = 0.5
_REQUEST_TIMEOUT = 5.0
_SETTLING = 10.0


def print_line(message: str, **fields: Any) -> None:
    """Print one JSON line."""
    _forward(json.dumps({"message": message, **fields}))


class System:
    """The venue and the services, from their start to their end.

    Args:
        arguments: The command line.
        folder: The folder for the ZeroMQ sockets.
        leader: Sends the services' faults of the script; None if this program leads no drill.
    """

    def __init__(self, arguments: argparse.Namespace, folder: Path, leader: Leader | None) -> None:
        self._arguments = arguments
        self._folder = folder
        self._leader = leader
        self._children: dict[str, Child] = {}
        self._supervisors: dict[str, asyncio.Task[None]] = {}
        self._environ: Mapping[str, str] = os.environ
        self._url = ""

    async def start(self, stopping: asyncio.Event) -> None:
        """Start all parts, and wait until each can accept work, or until `stopping` is set.

        Raises:
            ChildError: A part failed to start.
        """
        venue = await self._child("venue", *self._venue_arguments())
        port = (await venue.ready())["port"]
        print_line("started", part="venue", pid=venue.pid, port=port)
        self._url = f"http://127.0.0.1:{port}"
        health = await self._request("GET", "health")
        self._environ = {
            **os.environ,
            "TRADING_VENUE_URL": self._url,
            "TRADING_SYMBOLS": ",".join(health["symbols"]),
            "TRADING_SEED": str(self._arguments.seed),
            **{f"TRADING_{name}_URL": f"ipc://{self._folder}/{name.lower()}" for name in _SOCKETS},
            **({DRILL_URL: self._leader.url} if self._leader else {}),
        }
        for part in SERVICES:
            await self._child(part)
        waiting = [asyncio.create_task(self._started(part)) for part in SERVICES]
        try:
            while not stopping.is_set() and not all(task.done() for task in waiting):
                await self._wait(stopping, _POLL, *waiting)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        if self._arguments.restart:
            self._supervisors = {part: asyncio.create_task(self._supervise(part)) for part in SERVICES}

    async def run(self, seconds: float, stopping: asyncio.Event) -> None:
        """Let the system trade and follow the script, until the time is over or `stopping` is set.

        Args:
            seconds: The length of the run.
            stopping: Ends the run early.

        Raises:
            ChildError: A part ended unexpectedly.
        """
        loop = asyncio.get_running_loop()
        begin, script = loop.time(), list(SCRIPT if self._arguments.faults else ())
        while (elapsed := loop.time() - begin) < seconds and not stopping.is_set():
            while script and script[0].at * seconds <= elapsed:
                await self._begin(script.pop(0), seconds)
            print_line("counts", elapsed=round(elapsed, 1), counts=await self._request("GET", "counts"))
            await self._wait(stopping, min(_POLL, max(0.0, begin + seconds - loop.time())))

    async def end(self) -> int:
        """Close the market, end the parts in order, and print the final counts.

        Returns:
            0 if each part ended with exit code 0, else 1.
        """
        counts: Any = None
        # The supervisors go first, or they would restart the services that end below. Then the market closes
        # and settles, so that every order has ended before the services that follow it do.
        for supervisor in self._supervisors.values():
            supervisor.cancel()
        await asyncio.gather(*self._supervisors.values(), return_exceptions=True)
        if self._url:
            with suppress(ChildError):
                await self._request("DELETE", "faults")
                await self._request("POST", "market", {"running": False})
                await self._settled()
        codes = {part: await self._stop(part) for part in SHUTDOWN_ORDER}
        if self._url:
            with suppress(ChildError):
                counts = await self._request("GET", "counts")
        codes["venue"] = await self._stop("venue")
        health = {part: child.health for part, child in self._children.items() if child.health}
        print_line("ended", counts=counts, health=health, codes=codes)
        return 0 if not any(codes.values()) else 1

    async def _begin(self, step: ScriptStep, seconds: float) -> None:
        lasts = min(step.lasts * seconds, LONGEST)
        if not step.service:
            await self._request("POST", "faults", {"name": step.name, "seconds": lasts, **step.parameters})
        elif self._leader:
            self._leader.send(step.service, step.name, **step.parameters)
        print_line("fault", name=step.name, description=step.description, seconds=round(lasts, 1))

    async def _settled(self) -> None:
        """Wait until every order has ended and every tick was sent or withheld: some milliseconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _SETTLING
        while loop.time() < deadline:
            counts = await self._request("GET", "counts")
            ticks = counts["ticks"]
            if not counts["orders"]["open"] and ticks["produced"] <= ticks["sent"] + ticks["withheld"]:
                return
            await asyncio.sleep(_POLL / 10)

    async def _started(self, part: str) -> None:
        child = self._children[part]
        await child.ready()
        print_line("started", part=part, pid=child.pid)

    async def _supervise(self, part: str) -> None:
        """Restart a service whenever it ends unexpectedly."""
        while True:
            ended = self._children[part].ended
            assert ended is not None
            try:
                await asyncio.shield(ended)
            except ChildError as error:
                print_line("lost", part=part, sentence=str(error))
            await asyncio.sleep(RESTART_PAUSE)
            await self._child(part)
            with suppress(ChildError):  # it ended again; the next round reports it
                await self._started(part)

    async def _child(self, part: str, *arguments: str) -> Child:
        child = self._children[part] = Child(part, _forward)
        await child.start(_with_own_journal(self._environ, part), *arguments)
        return child

    async def _stop(self, part: str) -> int:
        return await self._children[part].stop() if part in self._children else 0

    async def _wait(self, stopping: asyncio.Event, seconds: float, *tasks: asyncio.Task[None]) -> None:
        """Wait until the time is over, `stopping` is set, or a child or one of the tasks has ended."""
        ended = [
            self._supervisors.get(part, child.ended)
            for part, child in self._children.items()
            if child.ended is not None
        ]
        stop = asyncio.create_task(stopping.wait())
        pending = [task for task in tasks if not task.done()]
        await asyncio.wait([*ended, *pending, stop], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for task in ended:
            if task.done():
                await task  # raises the reason

    async def _request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the control interface of the venue.

        Raises:
            ChildError: The venue did not answer, most likely because it has ended.
        """
        url = f"{self._url}/control/{path}"
        call = partial(requests.request, method, url, json=body, timeout=_REQUEST_TIMEOUT)
        try:
            return (await asyncio.to_thread(call)).json()
        except requests.RequestException as error:
            ended = self._children["venue"].ended
            if ended is not None:
                await asyncio.wait([ended], timeout=_POLL)
                if ended.done():
                    await ended  # raises the reason
            raise ChildError("venue", 1, f"the venue does not answer: {error}") from error

    def _venue_arguments(self) -> list[str]:
        given = self._arguments
        replay = ["--replay", given.replay, "--speed", str(given.speed)] if given.replay else []
        return ["--port", str(given.port), "--seed", str(given.seed), "--rate", str(given.rate), *replay]


_SOCKETS = ("TICKS", "SIGNALS", "ORDERS", "FILLS")
_JOURNAL = "OTEL_TRADING_JOURNAL"


def _with_own_journal(environ: Mapping[str, str], part: str) -> dict[str, str]:
    """Return an environment with a journal folder of its own: each folder has one writing process."""
    journals = environ.get(_JOURNAL)
    return {**environ, _JOURNAL: f"{journals}/{part}"} if journals else dict(environ)


def _forward(text: str) -> None:
    with suppress(BrokenPipeError):  # the reader has ended, which `_stop_without_parent` notices
        print(text, flush=True)


@asynccontextmanager
async def _stop_signals() -> AsyncIterator[asyncio.Event]:
    """Yield an event that SIGTERM, SIGINT and the end of the parent process set."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    watch = asyncio.create_task(_stop_without_parent(stopping))
    try:
        yield stopping
    finally:
        watch.cancel()


async def _stop_without_parent(stopping: asyncio.Event) -> None:
    await parent_gone()
    stopping.set()


@contextmanager
def _leader(arguments: argparse.Namespace, folder: str) -> Iterator[Leader | None]:
    """Yield a leader for the services' faults; None without a script or with another leader."""
    if not arguments.faults or os.environ.get(DRILL_URL):
        yield None
        return
    with Leader(f"ipc://{folder}/drill") as leader:
        yield leader


async def _main(arguments: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="trading-"))
        stopping = await stack.enter_async_context(_stop_signals())
        leader = stack.enter_context(_leader(arguments, folder))
        system, code = System(arguments, Path(folder), leader), 0
        try:
            await system.start(stopping)
            await system.run(arguments.seconds, stopping)
        except ChildError as error:
            print_line("failed", sentence=str(error))
            code = error.code or 1
        ended = await system.end()
        return code or ended


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="trading_system.run", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to trade (default: 60)")
    parser.add_argument("--replay", metavar="DIR", help="replay LEAN ticks from this folder")
    parser.add_argument("--speed", type=float, default=60.0, help="speed of the replay (default: 60)")
    parser.add_argument("--seed", type=int, default=7, help="seed of the simulated market (default: 7)")
    parser.add_argument(
        "--rate", type=float, default=200.0, help="ticks per second of that market (default: 200)"
    )
    parser.add_argument("--port", type=int, default=0, help="port of the venue (default: any free one)")
    parser.add_argument("--restart", action="store_true", help="restart a service that ends")
    parser.add_argument("--no-faults", dest="faults", action="store_false", help="inject no faults")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_arguments())))
