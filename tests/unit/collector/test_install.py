"""Template, lifecycle and users are installed on both servers, against a fake that records the requests.

The fake replaces Elasticsearch, and OpenSearch with its plugin for lifecycles, neither of which can run here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from collector.backends.elasticsearch import install
from collector.stack.programs import CONFIG

FOLDER = CONFIG / "backends" / "elasticsearch"


@dataclass
class FakeServer:
    """Keeps each document under its path. It refuses paths that contain `refuses`, and a policy without its version."""

    distribution: str | None = None
    refuses: str | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    authorizations: set[str | None] = field(default_factory=set)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        place, _, query = path.lstrip("/").partition("?")
        if method == "GET" and not place:
            version = {"number": "9.2.1"} | ({"distribution": self.distribution} if self.distribution else {})
            return 200, {"version": version}
        if self.refuses and self.refuses in place:
            return 403, {"error": {"reason": "you are not allowed to"}}
        if method == "GET":
            if place not in self.kept:
                return 404, {"error": "not found"}
            return 200, {"_seq_no": self.versions[place], "_primary_term": 1, "policy": self.kept[place]}
        is_replaced = "_ism" in place and place in self.kept
        if is_replaced and query != f"if_seq_no={self.versions[place]}&if_primary_term=1":
            return 409, {"error": {"reason": "version conflict"}}
        self.kept[place] = body
        self.versions[place] = self.versions.get(place, 0) + 1
        return 200, {"acknowledged": True}


@pytest.fixture
def fake() -> Iterator[tuple[FakeServer, str]]:
    server = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.authorizations.add(self.headers.get("Authorization"))
            status, answer = server.answer(self.command, self.path, json.loads(body) if body else None)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_PUT = do_POST = handle_any  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield server, f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def run(url: str) -> list[str]:
    return install.install(install.Server({"ELASTICSEARCH_URL": url}))


def test_elasticsearch_deletes_logs_after_30_days(fake):
    server, url = fake
    assert run(url) == []
    assert server.kept["_ilm/policy/trading-logs"]["policy"]["phases"]["delete"]["min_age"] == "30d"
    template = server.kept["_index_template/trading-logs"]
    assert template["template"]["settings"]["index.lifecycle.name"] == "trading-logs"
    assert template["index_patterns"] == ["trading-logs-*"]


def test_opensearch_deletes_logs_after_30_days(fake):
    server, url = fake
    server.distribution = "opensearch"
    assert run(url) == []
    (policy,) = (body["policy"] for path, body in server.kept.items() if "_ism" in path)
    assert policy["states"][0]["transitions"][0]["conditions"] == {"min_index_age": "30d"}
    assert policy["ism_template"][0]["index_patterns"] == ["trading-logs-*"]
    assert "index.lifecycle.name" not in server.kept["_index_template/trading-logs"]["template"]["settings"]


@pytest.mark.parametrize("distribution", [None, "opensearch"])
def test_an_existing_template_and_lifecycle_are_updated(fake, distribution):
    server, url = fake
    server.distribution = distribution
    assert (run(url), run(url)) == ([], [])
    assert set(server.versions.values()) == {2}


@pytest.mark.parametrize(
    ("distribution", "why"),
    [(None, "see its reason"), ("opensearch", "its plugin index-management is missing")],
)
def test_a_refused_lifecycle_is_reported_and_the_template_is_installed(fake, distribution, why):
    server, url = fake
    server.distribution, server.refuses = distribution, "polic"
    assert run(url) == [
        f"{url} refused the 30-day lifecycle (403: you are not allowed to): {why}; "
        "until it is installed, delete old indices by hand"
    ]
    assert "index.lifecycle.name" not in server.kept["_index_template/trading-logs"]["template"]["settings"]


def test_a_refused_template_is_reported(fake):
    server, url = fake
    server.refuses = "_index_template"
    assert run(url) == [f"{url} refused the index template (403: you are not allowed to)"]


@pytest.mark.parametrize(("refuses", "code"), [(None, 0), ("policy", 1)])
def test_the_exit_code_is_zero_if_both_are_installed(fake, monkeypatch, refuses, code):
    server, url = fake
    server.refuses = refuses
    monkeypatch.setenv("ELASTICSEARCH_URL", url)
    assert install.main() == code


def test_a_server_that_cannot_be_reached_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:1")
    assert install.main() == 2
    assert re.fullmatch(r"install: cannot reach Elasticsearch: .*refused.*\n", capsys.readouterr().err)


def test_the_password_is_read_from_its_file(fake, tmp_path):
    server, url = fake
    (tmp_path / "password").write_text("open sesame\n")
    place = str(tmp_path / "password")
    environ = {"ELASTICSEARCH_USER": "elastic", "ELASTICSEARCH_PASSWORD_FILE": place}
    install.install(install.Server({"ELASTICSEARCH_URL": url, **environ}))
    assert server.authorizations == {"Basic ZWxhc3RpYzpvcGVuIHNlc2FtZQ=="}


def test_each_program_gets_a_user_with_the_least_privileges(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    for name in ("elastic", "otelcol", "jaeger", "kibana", "reader"):
        (tmp_path / f"{name}_password").write_text(f"{name}'s\n")
    from collector.backends.elasticsearch import setup

    server, url = fake
    monkeypatch.setattr(setup, "SECRETS", tmp_path)
    monkeypatch.setenv("ELASTICSEARCH_URL", url)
    assert setup.main() == 0
    users = {path.rpartition("/")[2]: body for path, body in server.kept.items() if "_security/user/" in path}
    assert users["otelcol"] == {"password": "otelcol's", "roles": ["trading_otelcol"]}
    assert users["_password"] == {"password": "kibana's"}  # of the built-in user kibana_system
    privileges = {
        name: {p for index in role["indices"] for p in index["privileges"]}
        for name, role in setup.ROLES.items()
    }
    assert not {p for granted in privileges.values() for p in granted} & {
        "all",
        "manage",
        "delete",
        "delete_index",
    }
    assert "read" not in privileges["otelcol"]
    assert not privileges["reader"] & {"index", "create", "create_doc", "create_index"}
