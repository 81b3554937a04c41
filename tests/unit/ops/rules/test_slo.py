"""Objectives: wrong documents are refused, and sound ones become rules."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import promql_parser
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collector.stack.build import CACHE
from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules.objectives import burn_rules, series, slo, windows
from otel_trading.ops.rules.objectives.slo import OCCURRENCES, TIMESLICES, Slo
from otel_trading.ops.rules.objectives.windows import BurnAlert, Policy, Window
from otel_trading.semconv import ALL_METRICS
from tools.generate.objectives import generate

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "alerts" / "slo"
RULES = "alerts/rules/slo.yml"
SLOS = {each.name: each for each in slo.load(FOLDER)}

# exchange_calendars 4.13 uses an attribute that pandas 3.1 deprecated
pytestmark = pytest.mark.filterwarnings("ignore:KnownSeries.values returning an ndarray:DeprecationWarning")

TARGETS = {
    "market-data-availability": 0.9995,
    "execution-engine-availability": 0.9995,
    "risk-manager-availability": 0.9999,
    "signal-bridge-availability": 0.999,
    "order-submit-latency": 0.99,
    "market-data-latency": 0.99,
    "inference-latency": 0.99,
    "risk-check-latency": 0.95,
    "api-call-latency": 0.95,
    "order-success": 0.99,
    "api-call-errors": 0.999,
    "inference-errors": 0.999,
    "risk-check-errors": 0.999,
    "websocket-uptime": 0.999,
    "market-order-fill-rate": 0.99,
    "slippage": 0.95,
}
BOUNDARIES = {
    "order-submit-latency": ("trading_order_submit_duration_seconds", 100e-6),
    "market-data-latency": ("trading_market_data_process_duration_seconds", 10e-6),
    "inference-latency": ("trading_signal_inference_duration_seconds", 1e-3),
    "risk-check-latency": ("trading_risk_check_duration_seconds", 500e-6),
    "api-call-latency": ("http_client_request_duration_seconds", 0.5),
    "slippage": ("trading_execution_slippage_bps", 50.0),
}


def test_the_objectives_are_the_promised_ones():
    assert {name: each.target for name, each in SLOS.items()} == TARGETS


@pytest.mark.parametrize("name", BOUNDARIES)
def test_a_latency_is_held_against_the_bucket_that_its_metric_has_for_it(name):
    metric, boundary = BOUNDARIES[name]
    definition = next(each for each in ALL_METRICS if each.prometheus == metric)
    assert definition.slo == boundary
    assert slo.le_matcher(boundary) in SLOS[name].good
    assert SLOS[name].good.startswith(f"{metric}_bucket{{")


@pytest.mark.parametrize(
    ("boundary", "matcher"),
    [
        (0.0001, 'le="0.0001"'),
        (0.5, 'le="0.5"'),
        (50, 'le=~"50|50[.]0"'),
        (1, 'le=~"1|1[.]0"'),
        (0.00001, 'le=~"0[.]00001|1e-05"'),
        (5e-7, 'le=~"0[.]0000005|5e-07"'),
    ],
)
def test_a_boundary_is_matched_as_either_route_writes_it(boundary, matcher):
    assert slo.le_matcher(boundary) == matcher


# ---- files


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return generate(FOLDER)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return windows.load(FOLDER / "windows.yaml")


@pytest.fixture
def rules(files) -> list[dict[str, str]]:
    return [rule for group in yaml.safe_load(files[RULES])["groups"] for rule in group["rules"]]


def test_promtool_accepts_the_generated_rules():
    promtool = next(CACHE.glob("prometheus-*/promtool"), None)
    if promtool is None:
        pytest.skip("promtool is not built: make stack builds it")
    command = [str(promtool), "check", "rules", str(ROOT / RULES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- factors


@pytest.mark.parametrize(
    ("budget", "hours", "expected"),
    [(0.02, 1, 2.73), (0.05, 6, 1.1375), (0.1, 24, 0.56875), (0.1, 72, 0.18958), (0.02, 0.25, 10.92)],
)
def test_a_factor_is_the_budgets_share_by_the_session_hours(budget, hours, expected):
    """Of 136.5 session hours in 30 days: 21 sessions of 6.5 hours."""
    assert windows.factor(budget, 136.5, hours) == pytest.approx(expected, abs=1e-5)


def test_around_the_clock_the_factors_are_googles():
    assert windows.factor(0.02, 720, 1) == pytest.approx(14.4)
    assert windows.factor(0.05, 720, 6) == pytest.approx(6)


def test_the_windows_are_read_with_the_factors_of_their_sessions(policy):
    assert policy.period_hours == 133.8
    assert [window for alert in policy.alerts for window in alert.windows] == [
        Window("15m", "2m", 0.02, 10.705),
        Window("1h", "5m", 0.05, 6.691),
        Window("1d", "1h", 0.1, 2.059),
        Window("7d", "1d", 0.3, 1.235),
    ]


# ---- refusals

DOCUMENT = """\
apiVersion: openslo/v1
kind: Service
metadata: {name: execution-engine}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: submit, displayName: Submit}
spec:
  description: Fast.
  service: execution-engine
  indicator:
    metadata: {name: submit}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {spec: {query: 'trading_order_submit_duration_seconds_bucket{le="0.0001"}'}}}
        total: {metricSource: {spec: {query: trading_order_submit_duration_seconds_count}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""
QUERY = "spec.indicator.spec.ratioMetric.good.metricSource.spec.query"


def loaded(folder: Path, text: str) -> list[Slo]:
    (folder / "slo").mkdir()
    (folder / "slo" / "ours.yaml").write_text(text, encoding="utf-8")
    return slo.load(folder / "slo")


def test_a_sound_document_is_read(tmp_path):
    (read,) = loaded(tmp_path, DOCUMENT)
    assert (read.name, read.service, read.target, read.budgeting) == (
        "submit",
        "execution-engine",
        0.99,
        OCCURRENCES,
    )


@pytest.mark.parametrize(
    ("given", "wrong", "sentence"),
    [
        (
            'le="0.0001"',
            'le="0.00012"',
            f"{QUERY} has le='0.00012', which is not a bucket boundary of trading_order_submit_duration_seconds. "
            "Nearest: 0.00011 and 0.000125. Allowed: 5e-06, 1e-05,",
        ),
        ('le="0.0001"', 'le="100us"', f"{QUERY} has le='100us', must be a number"),
        (
            '{le="0.0001"}',
            "{}",
            f'{QUERY} reads trading_order_submit_duration_seconds_bucket without le="…": it must name one boundary',
        ),
        (
            "submit_duration_seconds_bucket",
            "submit_durations_bucket",
            f"{QUERY} names trading_order_submit_durations, which is not a histogram. "
            "Did you mean 'trading_order_submit_duration_seconds'?",
        ),
        (
            "Occurrences",
            "Occurences",
            "spec.budgetingMethod is 'Occurences', allowed: Occurrences, Timeslices. Did you mean 'Occurrences'?",
        ),
        (
            "counter: true",
            "counter: false",
            "spec.indicator.spec.ratioMetric.counter must be true with Occurrences",
        ),
        (
            "target: 0.99",
            "target: 99",
            "spec.objectives.0.target is 99.0, must be between 0 and 1, such as 0.999",
        ),
        (
            "target: 0.99",
            "targetPercent: 99",
            "spec.objectives.0.target is missing. Did you mean 'targetPercent'?",
        ),
        ("target: 0.99", "target: high", "spec.objectives.0.target is 'high', must be a number"),
        (
            "service: execution-engine",
            "service: execution",
            "spec.service is 'execution', allowed: execution-engine. Did you mean 'execution-engine'?",
        ),
        ("budgetingMethod", "budgetMethod", "spec.budgetingMethod is missing. Did you mean 'budgetMethod'?"),
        ("kind: SLO", "kind: SLI", "kind is 'SLI', allowed: Service, SLO. Did you mean 'SLO'?"),
    ],
)
def test_the_error_for_a_wrong_document_names_its_place_its_key_and_the_allowed_values(
    tmp_path, given, wrong, sentence
):
    with pytest.raises(ConfigurationError) as error:
        loaded(tmp_path, DOCUMENT.replace(given, wrong))
    assert str(error.value).startswith(f"slo/ours.yaml, submit: {sentence}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            DOCUMENT.replace("name: submit, d", "name: Submit!, d"),
            "metadata.name is 'Submit!', must be at most 63",
        ),
        (
            DOCUMENT + "---\n" + DOCUMENT.split("---\n")[1],
            "metadata.name is given twice, first in slo/ours.yaml",
        ),
        (DOCUMENT + "---\n[]\n", "apiVersion is missing."),
        ("a: [", "cannot be read: "),
    ],
)
def test_a_file_without_a_document_or_a_valid_name_is_refused(tmp_path, text, sentence):
    with pytest.raises(ConfigurationError) as error:
        loaded(tmp_path, text)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("given", "wrong", "sentence"),
    [
        ("calendar: XNYS", "calendar: XNYX", "calendar is 'XNYX', allowed: the "),
        (
            "long: 15m",
            "long: 15 minutes",
            "alerts.0.windows.0.long is '15 minutes', must be a duration such as 15m",
        ),
        (
            "short: 2m",
            "short: 30s",
            "alerts.0.windows.0.short is '30s', must be at least 60s, 4 times the interval",
        ),
        (
            "budget: 0.30",
            "budget: 0.10",
            "alerts.1.windows.1.budget is 0.1, which is a burn rate of 0.41, and the objective allows 1. "
            "Must be above 0.243",
        ),
        ("severity: info", "severity: low", "alerts.1.severity is 'low', allowed: critical, warning, info."),
        ("Timeslices: 4", "Timeslice: 4", "minimum_bad.Timeslices is missing. Did you mean 'Timeslice'?"),
        ("last: 2024", "last: 2024.5", "years.last is 2024.5, must be a whole number"),
    ],
)
def test_useless_windows_are_refused(tmp_path, given, wrong, sentence):
    path = tmp_path / "windows.yaml"
    path.write_text(
        (FOLDER / "windows.yaml").read_text(encoding="utf-8").replace(given, wrong), encoding="utf-8"
    )
    with pytest.raises(ConfigurationError) as error:
        windows.load(path)
    assert str(error.value).startswith(f"{tmp_path.name}/windows.yaml: {sentence}")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"target": 0.9},
            "spec.objectives.0.target is 0.9: with every event bad its budget burns 10.0 times",
        ),
        ({"period": "28d"}, "spec.timeWindow.0.duration is '28d', must be '30d' as in slo/windows.yaml"),
    ],
)
def test_an_objective_that_no_window_can_watch_is_refused(policy, changed, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        windows.check(policy, [SLOS["order-success"]._replace(**changed)])


# ---- rules


@st.composite
def objectives(draw: st.DrawFn) -> list[Slo]:
    names = draw(
        st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), min_size=1, unique=True, max_size=4)
    )
    boundary = draw(st.sampled_from([b for m in ALL_METRICS for b in m.boundaries or ()]))
    return [
        Slo(
            name,
            service="execution-engine",
            title=name,
            description="",
            target=draw(st.floats(0.5, 0.999999)),
            budgeting=draw(st.sampled_from([OCCURRENCES, TIMESLICES])),
            good=f"m_bucket{{{slo.le_matcher(boundary)}}}",
            total='m_count{error_type=""}',
            period="30d",
            place="",
        )
        for name in names
    ]


durations = st.builds("{}{}".format, st.integers(1, 90), st.sampled_from("smhd"))
window_pairs = st.builds(Window, durations, durations, st.floats(0.001, 1), st.floats(1.001, 1000))
policies = st.builds(
    Policy,
    place=st.just(""),
    calendar=st.just("XNYS"),
    years=st.just((2015, 2024)),
    period=durations,
    period_hours=st.floats(1, 9000),
    interval=durations,
    rate_window=durations,
    last_state=durations,
    minimum_bad=st.fixed_dictionaries({OCCURRENCES: st.integers(1, 99), TIMESLICES: st.integers(1, 99)}),
    alerts=st.lists(
        st.builds(
            BurnAlert,
            name=st.sampled_from(["TradingSLOFastBurn", "TradingSLOSlowBurn"]),
            severity=st.just("warning"),
            priority=st.just("P1"),
            interval=durations,
            windows=st.lists(window_pairs, min_size=1, max_size=3).map(tuple),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
)


@given(objectives(), policies)
def test_the_expressions_of_any_objectives_and_windows_parse(slos, policy):
    for group in burn_rules.groups(slos, policy):
        for rule in group["rules"]:
            promql_parser.parse(rule["expr"])


def test_no_rule_looks_back_over_fewer_than_four_exports(rules):
    ranges: list[timedelta] = []

    def note(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            ranges.append(node.range)

    for rule in rules:
        promql_parser.walk(promql_parser.parse(rule["expr"]), note)
    assert min(ranges) == timedelta(minutes=1) >= 4 * timedelta(seconds=5)


def test_every_series_that_is_named_is_recorded(rules):
    recorded = [rule["record"] for rule in rules if "record" in rule]
    names = [value for name, value in vars(series).items() if name.isupper()]
    assert [name for name in names if not any(each.startswith(name) for each in recorded)] == []
    assert [each for each in recorded if not each.startswith(tuple(names))] == []
