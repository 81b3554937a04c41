"""Installs the index template and the 30-day lifecycle of the logs: ILM in Elasticsearch, ISM in OpenSearch.

You can run it as often as you like: it updates an existing template. It needs only Python's standard library.

    ELASTICSEARCH_URL=http://127.0.0.1:9200 python install.py

It also reads ELASTICSEARCH_USER, ELASTICSEARCH_PASSWORD_FILE and ELASTICSEARCH_CA_FILE. The exit code is 0 if
both are installed, 1 if the server refused one of them, 2 if the server cannot be reached.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NAME = "trading-logs"
_ILM = f"_ilm/policy/{NAME}"
_ISM = f"_plugins/_ism/policies/{NAME}"
_NOT_FOUND = 404


class RefusedError(Exception):
    """The server answered with an error; `status` is its HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Server:
    """An Elasticsearch or OpenSearch server.

    Args:
        environ: The variables with the URL of the server and the user's credentials.

    Raises:
        OSError: A file that the environment names cannot be read.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.url = (environ.get("ELASTICSEARCH_URL") or "http://127.0.0.1:9200").rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        user, password = environ.get("ELASTICSEARCH_USER"), environ.get("ELASTICSEARCH_PASSWORD_FILE")
        if user and password:
            pair = f"{user}:{Path(password).read_text(encoding='utf-8').strip()}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        authority = environ.get("ELASTICSEARCH_CA_FILE")
        self._context = ssl.create_default_context(cafile=authority) if authority else None

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send a request, and return the decoded answer.

        Raises:
            RefusedError: The server answered with an error.
            OSError: The server cannot be reached.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/{path}", data=data, headers=self._headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30, context=self._context) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RefusedError(error.code, _reason(error.read())) from None


def install(server: Server) -> list[str]:
    """Install the lifecycle and the template.

    Returns:
        A sentence for each part that the server refused.

    Raises:
        RefusedError: The server does not report its kind, most likely because of wrong credentials.
        OSError: The server cannot be reached.
    """
    is_opensearch = server.ask("GET", "")["version"].get("distribution") == "opensearch"
    refused = []
    try:
        (_put_ism if is_opensearch else _put_ilm)(server)
    except RefusedError as error:
        plugin = "its plugin index-management is missing" if is_opensearch else "see its reason"
        refused.append(
            f"{server.url} refused the 30-day lifecycle ({error.status}: {error}): {plugin}; "
            "until it is installed, delete old indices by hand"
        )
    template = _read("template.json")
    if not is_opensearch and not refused:
        template["template"]["settings"]["index.lifecycle.name"] = NAME
    try:
        server.ask("PUT", f"_index_template/{NAME}", template)
    except RefusedError as error:
        refused.append(f"{server.url} refused the index template ({error.status}: {error})")
    return refused


def _put_ilm(server: Server) -> None:
    server.ask("PUT", _ILM, _read("ilm.json"))


def _put_ism(server: Server) -> None:
    """Create the policy, or replace it; a replacement must name the version of the existing policy."""
    try:
        there = server.ask("GET", _ISM)
    except RefusedError as error:
        if error.status != _NOT_FOUND:
            raise
        server.ask("PUT", _ISM, _read("ism.json"))
        return
    version = f"if_seq_no={there['_seq_no']}&if_primary_term={there['_primary_term']}"
    server.ask("PUT", f"{_ISM}?{version}", _read("ism.json"))


def _read(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def _reason(body: bytes) -> str:
    """Return the reason in the body of an error; servers write it in different shapes."""
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:200]
    return str(error.get("reason") or error.get("type")) if isinstance(error, dict) else str(error)


def main() -> int:
    """Install both, print the result, and return the exit code."""
    try:
        refused = install(Server(os.environ))
    except (OSError, RefusedError, ValueError) as error:
        print(f"install: cannot reach Elasticsearch: {error}", file=sys.stderr)
        return 2
    for sentence in refused:
        print(f"install: {sentence}", file=sys.stderr)
    if not refused:
        print(f"installed the index template and the 30-day lifecycle {NAME!r}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
