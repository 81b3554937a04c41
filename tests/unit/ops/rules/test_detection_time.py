"""Detection time: the sum of its parts is equal to the times computed by hand."""

from __future__ import annotations

import pytest
from promql_parser import parse

from otel_trading.ops.rules.lint.detection_time import DetectionTime, fill, worst_case
from otel_trading.ops.rules.lint.findings import Subject, Surroundings
from otel_trading.ops.rules.lint.routes import Routes
from otel_trading.ops.rules.promql import metrics_file
from otel_trading.ops.rules.promql.expansion import expand
from otel_trading.ops.rules.promql.vocabulary import Vocabulary, own_series
from otel_trading.ops.rules.rule_file import Rule

SERIES = [*metrics_file.load(metrics_file.STACK), *own_series()]


def subject(expr: str, hold: float = 0.0, recorded: tuple[tuple[str, str, float, str], ...] = ()) -> Subject:
    rules = [
        (Rule("r.yml", 1, group, interval, name, False, text, 0.0, {}, {}), parse(text))
        for name, group, interval, text in recorded
    ]
    vocabulary = Vocabulary(SERIES, rules)
    rule = Rule("r.yml", 2, "p0", 5.0, "Example", True, expr, hold, {"priority": "P0"}, {})
    return Subject(rule, parse(expr), expand(parse(expr), vocabulary), vocabulary, Surroundings(Routes()))


FAILED = 'sum(increase(http_client_request_duration_seconds_count{error_type=~"5.."}[30s]))'
ALL = "sum(increase(http_client_request_duration_seconds_count[30s]))"
LATENCY = "trading_order_submit_duration_seconds"


@pytest.mark.parametrize(
    ("sentence", "expr", "hold", "seconds"),
    [
        ("a state is there with the next sample", "max(trading_kill_switch_status) == 1", 0, 15),
        ("`for` is waited for", "max(trading_risk_limit_utilization_ratio) >= 1", 5, 20),
        ("`for` ends with an evaluation", "max(trading_risk_limit_utilization_ratio) >= 1", 7, 25),
        (
            "an age must be reached",
            "time() - max(trading_market_data_last_message_timestamp_seconds) > 10",
            10,
            35,
        ),
        ("the slower alternative counts", f"max(trading_connection_status) == 1 or {FAILED} >= 3", 0, 45),
        ("failures must fill a part of the window", f"{FAILED} / {ALL} > 0.5 and {FAILED} >= 3", 10, 55),
        ("a minimum needs its whole window", "min_over_time(process_memory_usage_bytes[30s]) > 1e9", 5, 50),
        ("a heartbeat", "time() - max(trading_service_heartbeat_timestamp_seconds) > 15", 5, 35),
    ],
)
def test_the_sum_is_the_time_computed_by_hand(sentence, expr, hold, seconds):
    assert worst_case(subject(expr, hold), "P0").total == seconds, sentence


@pytest.mark.parametrize(
    ("expr", "seconds"),
    [
        ("max_over_time(trading_queue_depth[30s]) > 5", 0),
        ("max_over_time(trading_queue_depth[30s]) < 5", 30),
        ("min_over_time(trading_queue_depth[30s]) < 5", 0),
        ("avg_over_time(trading_queue_depth[30s]) > 5", 30),
        ("deriv(trading_queue_depth[5m]) >= 0", 0),
        ("deriv(trading_queue_depth[5m]) > 1", 300),
        ("sum(rate(trading_order_submitted_total[1m])) > 0", 0),
        ("60 * sum(rate(trading_order_submitted_total[1m])) > 10", 60),
        ("predict_linear(process_memory_usage_bytes[15m], 1800) > 1e9", 0),
        ("predict_linear(process_memory_usage_bytes[15m], 300) > 1e9", 600),
        (f"histogram_quantile(0.75, sum by (le) (rate({LATENCY}_bucket[1m]))) > 0.005", 15),
        (f"histogram_quantile(0.75, sum by (le) (rate({LATENCY}_bucket[1m]))) < 0.005", 45),
        (f"{ALL} / {ALL} < 0.9", 3),
        (f"1 - {ALL} / {ALL} > 0.1", 3),
        (f"{FAILED} / {ALL} > 2", 30),
        (f"{FAILED} / {ALL} > 0.5 and {ALL} >= 100", 15),
        ("absent(trading_service_heartbeat_timestamp_seconds)", 300),
        ("absent(up)", 0),
        ("absent_over_time(trading_service_heartbeat_timestamp_seconds[1m])", 60),
        ("process_memory_usage_bytes > 2 * avg_over_time(process_memory_usage_bytes[1h])", 0),
        (
            "avg_over_time(process_memory_usage_bytes[1m]) > 2 * avg_over_time(process_memory_usage_bytes[1h])",
            60,
        ),
        ("sum(trading_order_rejected_total unless trading_order_rejected_total offset 1m) > 0", 0),
        ("max_over_time(sum(rate(trading_order_submitted_total[1m]))[5m:5s]) > 100", 0),
        ("avg_over_time(sum(rate(trading_order_submitted_total[1m]))[5m:5s]) > 100", 360),
        ("max(trading_connection_status offset 10s) == 0", 10),
        ("sum(trading_order_rejected_total) - sum(trading_order_rejected_total offset 1m) > 0", 0),
        ("time() - last_over_time(trading_service_heartbeat_timestamp_seconds[8h]) > 10", 10),
        ("max(timestamp(trading_clock_offset_seconds) - trading_clock_offset_seconds) > 10", 10),
        ("max_over_time(trading_kill_switch_status[1m]) == 1", 0),
        ("max_over_time(trading_kill_switch_status[1m]) == 0", 60),
        ("trading_kill_switch_status == 1 unless on () vector(1)", 0),
    ],
)
def test_how_long_a_complete_outage_takes_to_show(expr, seconds):
    assert fill(subject(expr)) == pytest.approx(seconds)


def test_a_series_that_another_group_records_adds_the_interval_of_that_group():
    recorded = (("errors:ratio", "slo", 30.0, f"{FAILED} / {ALL}"),)
    found = worst_case(subject("errors:ratio > 0.5", recorded=recorded), "P0")
    assert found == DetectionTime(sample=5.0, evaluation=35.0, window=15.0, hold=0.0, group_wait=5.0)


def test_a_series_that_the_same_group_records_adds_no_interval():
    recorded = (("errors:ratio", "p0", 5.0, f"{FAILED} / {ALL}"),)
    assert worst_case(subject("errors:ratio > 0.5", recorded=recorded), "P0").evaluation == 5.0


def test_a_burn_rate_has_the_detection_time_of_the_sre_workbook():
    """A budget of 0.1 % that burns 14.4 times too fast for an hour."""
    bad = f'1 - sum(rate({LATENCY}_bucket{{le="0.0001"}}[1h])) / sum(rate({LATENCY}_count[1h]))'
    recorded = (("errors:ratio1h", "p0", 5.0, bad),)
    assert fill(subject("errors:ratio1h > 14.4 * 0.001", recorded=recorded)) == pytest.approx(52, abs=0.5)


def test_the_text_names_the_parts_that_take_time():
    assert str(DetectionTime(5.0, 5.0, 0.0, 10.0, 5.0)) == (
        "5 s until Prometheus has it + 5 s until the rule is evaluated + 10 s `for` + 5 s group_wait"
    )
