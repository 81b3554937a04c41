"""Receiver: takes what Alertmanager sends, in place of everybody that it is sent to, and notes when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import yaml
from typing_extensions import Self

OF_PRODUCTION = ("slack_api_url_file", "smtp_smarthost", "smtp_from", "smtp_auth_username")
"""Settings of the receivers that are replaced."""


@dataclass(frozen=True)
class Notice:
    """One alert of one notification.

    Attributes:
        receiver: To whom it would have gone.
        alert: The alert's name.
        status: "firing" or "resolved".
        labels: The alert's.
        at: When it came, in seconds since the epoch.
    """

    receiver: str
    alert: str
    status: str
    labels: dict[str, str]
    at: float


class Receiver:
    """Takes notifications on a free port of this machine.

    Attributes:
        notices: All that came, oldest first.
        broken_for: The receiver whose notifications are answered with 500, and not noted, if any.
    """

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.broken_for: str | None = None
        self._came = Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """Where it listens; the path is the receiver's name."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, wanted: Callable[[Notice], bool], patience: float) -> Notice | None:
        """Wait for a notice, which may have come already.

        Args:
            wanted: Says whether it is the one.
            patience: Seconds to wait.

        Returns:
            The first of them, or None.
        """
        found: list[Notice] = []

        def has_come() -> bool:
            found[:] = [notice for notice in self.notices if wanted(notice)]
            return bool(found)

        with self._came:
            self._came.wait_for(has_come, patience)
        return found[0] if found else None

    def break_for(self, receiver: str | None) -> None:
        """Refuse what goes to a receiver, or nothing more."""
        self.broken_for = receiver

    def take(self, receiver: str, payload: dict[str, Any]) -> None:
        """Note each alert of a notification."""
        now = time.time()
        with self._came:
            self.notices += [
                Notice(receiver, alert["labels"]["alertname"], alert["status"], alert["labels"], now)
                for alert in payload["alerts"]
            ]
            self._came.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                name = self.path.strip("/")
                is_broken = name == receiver.broken_for
                if not is_broken:
                    receiver.take(name, json.loads(body))
                self.send_response(500 if is_broken else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def drilled(config: Path, url: str) -> dict[str, Any]:
    """Return Alertmanager's configuration with every receiver replaced by ours; who is told what, and when, stays.

    Two things are hurried, both of priority P2: its mail is gathered for five minutes and told as resolved
    within the hour, on purpose, and only in session.
    """
    content: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8"))
    content["global"] = {
        key: value
        for key, value in content["global"].items()
        if key not in OF_PRODUCTION and not key.endswith("_file")
    }
    content["receivers"] = [
        {
            "name": each["name"],
            "webhook_configs": [{"url": f"{url}/{each['name']}", "send_resolved": each["name"] != "deadman"}],
        }
        for each in content["receivers"]
    ]
    for route in content["route"]["routes"][-1]["routes"]:
        if route["receiver"] == "email":
            route.update(group_wait="15s", group_interval="1m")
            del route["active_time_intervals"]
    return content
