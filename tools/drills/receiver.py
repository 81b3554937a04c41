"""Receiver: replaces all receivers of Alertmanager, and records the time of each notification."""

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
"""Settings that only the replaced receivers need."""


@dataclass(frozen=True)
class Notice:
    """One alert of one notification.

    Attributes:
        receiver: The name of the receiver in production.
        alert: The alert's name.
        status: "firing" or "resolved".
        labels: The labels of the alert.
        at: The time of arrival, in seconds since the epoch.
    """

    receiver: str
    alert: str
    status: str
    labels: dict[str, str]
    at: float


class Receiver:
    """Accepts notifications on a free port of this machine.

    Attributes:
        notices: All notifications, oldest first.
        broken_for: The name of the receiver whose notifications get the status 500, or None.
    """

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.broken_for: str | None = None
        self._arrival = Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """The URL of the server; the path of a request is the name of a receiver."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, wanted: Callable[[Notice], bool], timeout: float) -> Notice | None:
        """Wait for a notice; return at once if it has already arrived.

        Args:
            wanted: Returns whether a notice matches.
            timeout: The longest wait, in seconds.

        Returns:
            The first matching notice, or None.
        """
        found: list[Notice] = []

        def has_arrived() -> bool:
            found[:] = [notice for notice in self.notices if wanted(notice)]
            return bool(found)

        with self._arrival:
            self._arrival.wait_for(has_arrived, timeout)
        return found[0] if found else None

    def break_for(self, receiver: str | None) -> None:
        """Refuse the notifications of a receiver; None accepts all notifications again."""
        self.broken_for = receiver

    def record(self, receiver: str, payload: dict[str, Any]) -> None:
        """Record each alert of a notification."""
        now = time.time()
        with self._arrival:
            self.notices += [
                Notice(receiver, alert["labels"]["alertname"], alert["status"], alert["labels"], now)
                for alert in payload["alerts"]
            ]
            self._arrival.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                name = self.path.strip("/")
                is_broken = name == receiver.broken_for
                if not is_broken:
                    receiver.record(name, json.loads(body))
                self.send_response(500 if is_broken else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def drill_configuration(config: Path, url: str) -> dict[str, Any]:
    """Return Alertmanager's configuration with our receiver in place of all others, and the same routes.

    Only the route of P2 is faster here: in production its mail waits five minutes, resolves within the hour,
        and
    is sent only in session.

    Args:
        config: The configuration file.
        url: The URL of our receiver.
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
