"""The Collector reads the log files of this SDK, of Rust's `tracing`, and of any other service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.drills.running import RunningStack, poll_until

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OURS = {
    "timestamp": "2026-11-24T01:02:03.000004Z",
    "level": "ERROR",
    "service": "execution-engine",
    "environment": "lines",
    "instance": "i-1",
    "logger": "trading_system.gateway",
    "event": "trading.order.rejected",
    "message": "the venue said no",
    "trace_id": TRACE,
    "span_id": SPAN,
    "attributes": {"trading.order.id": "o-9", "trading.order.quantity": 100.0},
    "exception": {"type": "VenueError", "message": "no", "stacktrace": "Traceback ..."},
}
RUST = {
    "timestamp": "2026-11-24T01:02:03.000005Z",
    "level": "WARN",
    "fields": {"message": "order refused", "reason": "too large", "quantity": 7},
    "target": "risk_check::limits",
    "span": {"name": "check order", "trace_id": TRACE, "span_id": SPAN},
    "spans": [{"name": "check order", "trace_id": TRACE, "span_id": SPAN}],
}


def written(stack: RunningStack, name: str, *lines: str) -> Path:
    stack.log_folder.mkdir(parents=True, exist_ok=True)
    path = stack.log_folder / name
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    return path


def document(stack: RunningStack, service: str) -> dict[str, Any]:
    found = poll_until(f"a line of {service} is there", lambda: of(stack, service))
    return found[0]


def of(stack: RunningStack, service: str) -> list[dict[str, Any]]:
    return [
        found
        for found in stack.documents({"term": {"service.name": service}})
        if found.get("log.file.name", "").startswith("lines-")
    ]


def test_a_line_of_this_sdk_becomes_the_original_record(stack):
    written(stack, "lines-a.log", json.dumps(OURS))
    found = document(stack, "execution-engine")
    assert (
        found.items()
        >= {
            "@timestamp": "2026-11-24T01:02:03.000004Z",
            "message": "the venue said no",
            "log.level": "error",
            "log.logger": "trading_system.gateway",
            "event.action": "trading.order.rejected",
            "service.environment": "lines",
            "service.node.name": "i-1",
            "trace.id": TRACE,
            "span.id": SPAN,
            "trading.order.id": "o-9",
            "trading.order.quantity": 100.0,
            "error.type": "VenueError",
            "error.message": "no",
            "error.stack_trace": "Traceback ...",
        }.items()
    )


def test_a_line_of_rusts_tracing_is_found_by_the_same_fields(stack):
    written(stack, "lines-rusty.log", json.dumps(RUST))
    found = document(stack, "lines-rusty")
    assert (
        found.items()
        >= {
            "@timestamp": "2026-11-24T01:02:03.000005Z",
            "message": "order refused",
            "log.level": "warn",
            "log.logger": "risk_check::limits",
            "code.function.name": "check order",
            "trace.id": TRACE,
            "span.id": SPAN,
            "reason": "too large",
            "quantity": 7,
        }.items()
    )


def test_a_line_that_is_not_json_is_stored_unchanged(stack):
    written(stack, "lines-plain.log", "Segmentation fault (core dumped)", "{ not json }")
    poll_until("both lines are there", lambda: len(of(stack, "lines-plain")) == 2)
    assert sorted(found["message"] for found in of(stack, "lines-plain")) == [
        "Segmentation fault (core dumped)",
        "{ not json }",
    ]


def test_lines_of_two_files_in_one_batch_keep_their_services(stack):
    for number in range(5):
        written(stack, "lines-one.log", f"one {number}")
        written(stack, "lines-two.log", f"two {number}")
    for name in ("one", "two"):
        poll_until(f"the lines of {name} are there", lambda name=name: len(of(stack, f"lines-{name}")) == 5)
        assert all(found["message"].startswith(name) for found in of(stack, f"lines-{name}"))


def test_a_file_that_is_rotated_is_read_to_its_end_and_once(stack):
    path = written(stack, "lines-rotated.log", "before")
    poll_until("the first line is there", lambda: len(of(stack, "lines-rotated")) == 1)
    path.rename(path.with_suffix(".log.1"))
    written(stack, "lines-rotated.log", "after")
    poll_until("the second line is there", lambda: len(of(stack, "lines-rotated")) == 2)
    assert sorted(found["message"] for found in of(stack, "lines-rotated")) == ["after", "before"]
