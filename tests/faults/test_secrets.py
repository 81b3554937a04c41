"""Secrets (entries 6, 72 to 74): no secret of a service reaches a sink, and similar harmless texts stay."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from otel_trading.pipeline.clean import redact
from otel_trading.pipeline.clean.redact import REDACTED, names_a_secret, redact_text, redact_value
from tools.faults.endpoint import environment

ROOT = Path(__file__).parents[2]
FAR = 1_000_000


@pytest.mark.fault(72)
def test_no_secret_of_a_service_reaches_any_sink(endpoint, tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/faults/canaries.py")],
        env=environment(endpoint, JOURNAL=str(tmp_path), SINK="http://127.0.0.1:9", PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    carriers = int(re.findall(r"CARRIERS (\d+)", done.stderr)[0])
    assert carriers >= 50
    sinks = {
        "otlp": endpoint.text,
        "stdout and /metrics and health": done.stdout,
        "stderr": done.stderr,
        "journal": "".join(file.read_text() for file in tmp_path.glob("audit-*")),
    }
    found = {name: re.findall(r".{0,60}CANARY\w*", text) for name, text in sinks.items()}
    assert {name: texts for name, texts in found.items() if texts} == {}
    assert "trading.order.rejected" in sinks["journal"]
    assert re.search(r"acct-[0-9a-f]{12}", sinks["otlp"])
    assert "calls_total" in done.stdout
    assert len(endpoint.spans) >= 3


HARMLESS = [
    "author=Smith",
    "authorized_qty=100",
    "tokenized_asset=gold",
    "secretary: Jones",
    "session=regular",
    "session='pre'",
    "keyboard: qwerty",
    "monkey=1",
    "passenger=3",
    "the basic plan",
    "bearer bonds",
    "PKG 12",
    "account_type=margin",
    "account 3 of 4",
    "accounts: 3",
    "accounting: closed",
    "account: paper",
    "account=margin,",
    "{'account_id': None}",
    "accountId: unknown",
    "subaccount = none",
    "discount=5",
    "trading.account.name=desk 7",
    "order c-17 for AKAM at 182.11",
    "why? because a is b",
    "10:15:30 filled 100 @ 182.11",
    "SELECT price FROM trades WHERE symbol = :symbol",
]
HARMLESS_KEYS = [
    "author",
    "authorized_qty",
    "tokenized_asset",
    "secretary",
    "session",
    "trading.session.key",
    "trading.order.id",
    "trading.account.name",
    "keyboard",
    "key",
    "trading.order.quantity",
    "code.function.name",
]


ACCOUNTS = [
    "accountId: U1234567",
    "account_no=U1234567",
    "account=U1234567",
    "trading.account.id=U1234567",
    "{'account.id': 'U1234567'}",
    '{"accountNumber": 1234567}',
    "account number: U1234567",
    "account no.: U1234567",
    "account-number=U1234567",
    "ACCOUNT_ID=U1234567",
    "subaccount: U1234567",
    "account: paper-1234567",
    "account=account=U1234567",
    "acct_num=U1234567",
    "https://broker/orders#accountId=U1234567",
]


COLLECTOR = yaml.safe_load((ROOT / "collector/otelcol.yaml").read_text())["processors"]
COLLECTOR_VALUES: list[str] = COLLECTOR["redaction"]["blocked_values"]
COLLECTOR_STATUS: list[str] = [
    json.loads(re.findall(r', (".*"), "', statement)[0])
    for statement in COLLECTOR["transform/status"]["trace_statements"][0]["statements"]
]


def replaced(patterns: list[str], text: str) -> str:
    """The text as a Collector with these patterns exports it."""
    for pattern in patterns:
        text = re.sub(pattern, "****", text)
    return text


@pytest.mark.fault(72)
@pytest.mark.parametrize("text", ACCOUNTS)
def test_an_account_number_that_a_text_assigns_does_not_leave_the_process_or_the_collector(text: str) -> None:
    for shown in (redact_text(text), replaced(COLLECTOR_VALUES, text), replaced(COLLECTOR_STATUS, text)):
        assert "1234567" not in shown


@pytest.mark.fault(73)
@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_that_only_looks_like_a_secret_passes_the_collector_too(text: str) -> None:
    assert replaced(COLLECTOR_VALUES + COLLECTOR_STATUS, text) == text


@pytest.mark.fault(73)
@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_that_only_looks_like_a_secret_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.fault(73)
@pytest.mark.parametrize("key", HARMLESS_KEYS)
def test_a_key_that_only_looks_like_a_secret_keeps_its_value(key: str) -> None:
    assert not names_a_secret(key)


@pytest.mark.fault(74)
@pytest.mark.parametrize(
    "piece",
    ["a", "a-", "a_", "1", "=", "key=", "password", "password=", "eyJ", "eyJaaaaaaaaa.", "PK", "A", "-----BEGIN ",
     "bearer a1", "://", "://a", "?", "?a=", "'", '\\"', "%3D", " ", "secret:", "x_api_key_", "account",
     "account.", "account id ", "account=", "account:a", "account=a-"],
)  # fmt: skip
def test_no_text_makes_redaction_slow(piece: str) -> None:
    """Quadratic patterns take more than a second per megabyte; linear ones take some tens of milliseconds."""
    short, long = piece * (FAR // 100 // len(piece)), piece * (FAR // len(piece))
    began = time.thread_time()
    redact_text(short)
    once = time.thread_time() - began
    began = time.thread_time()
    redact_text(long)
    assert time.thread_time() - began < 2 + 1000 * once


def test_the_redactor_of_the_user_runs_after_our_rules_and_may_fail(monkeypatch) -> None:
    seen: list[tuple[str, str]] = []

    def mine(key: str, text: str) -> str:
        seen.append((key, text))
        return {"fails": lambda: 1 / 0, "exits": sys.exit, "none": lambda: None}.get(
            key, lambda: text.replace("ACME", "client")
        )()  # type: ignore[return-value]

    redact.extend(mine)
    try:
        found = redact_value({"a": "ACME password=x", "fails": "y", "exits": "y", "none": "z", "n": 1})
    finally:
        redact.extend(None)
    gone = dict.fromkeys(("fails", "exits", "none"), REDACTED)
    assert found == {"a": "client password=REDACTED", **gone, "n": 1}
    assert seen[0] == ("a", "ACME password=REDACTED")
