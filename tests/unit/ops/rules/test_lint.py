"""The linter: it reports each flaw in a sentence, and stays silent about correct rules that look flawed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading.ops.rules import rule_file
from otel_trading.ops.rules.lint import report
from otel_trading.ops.rules.lint.findings import Surroundings
from otel_trading.ops.rules.lint.linter import lint
from otel_trading.ops.rules.lint.routes import Routes
from otel_trading.ops.rules.promql import metrics_file
from otel_trading.ops.rules.promql.vocabulary import KnownSeries, own_series
from otel_trading.ops.rules.rule_file import Rule

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
BAD = sorted((HERE / "bad").glob("*.yml"))
GOOD = sorted((HERE / "good").glob("*.yml"))
VOCABULARY = [*metrics_file.load(metrics_file.STACK), *own_series()]
FOREIGN = list(metrics_file.load(HERE / "specification/metrics.yaml"))
ALONE = Surroundings(Routes())
COMPANIONS = Surroundings(Routes(), Path("../companions/runbooks"), Path("../companions/tests"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_flaw_is_reported(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    read = rule_file.load(Path(path.name))
    found = lint(read, [*VOCABULARY, *FOREIGN], COMPANIONS)
    assert report.as_text(found, len(read)) + "\n" == path.with_suffix(".txt").read_text(encoding="utf-8")
    assert {finding.check for finding in found} == {path.stem}


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_correct_rule_that_looks_flawed_has_no_finding(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    read = rule_file.load(Path(path.name))
    assert lint(read, VOCABULARY, COMPANIONS) == []


def test_the_reference_lists_every_check():
    page = (ROOT / "docs/reference/lint.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == {path.stem for path in BAD}


def test_every_check_that_the_code_knows_has_a_bad_example():
    code = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "otel_trading/ops/rules").rglob("*.py")
    )
    named = set(re.findall(r'(?:finding\(\s*|check = |line, rule.name, )"([a-z-]+)"', code))
    assert named | {"no-runbook", "no-test"} == {path.stem for path in BAD}


SPECIFICATION = {
    "SpecHighOrderLatency": "threshold-above-buckets",
    "SpecLowFillRate": "divided-by-itself",
    "SpecCircuitBreaker": "bare-counter",
    "SpecMLInference": "first-event-unseen",
    "SpecWebSocket": "unreachable-rate",
    "SpecMaxLoss": "part-of-an-amount",
}
"""The flaw because of which each rule of the monitoring specification cannot fire, or cannot resolve."""


def test_the_flaw_of_each_rule_of_the_specification_is_found(monkeypatch):
    monkeypatch.chdir(HERE / "specification")
    read = rule_file.load(Path("rules.yml"))
    found = lint(read, [*VOCABULARY, *FOREIGN], ALONE)
    first = {rule.name: next(each.check for each in found if each.rule == rule.name) for rule in read}
    assert first == SPECIFICATION
    assert report.as_text(found, len(read)) + "\n" == Path("findings.txt").read_text(encoding="utf-8")


def alert(expr: str, **annotations: str) -> Rule:
    return Rule("rules.yml", 1, "g", 5.0, "Example", True, expr, 0.0, {"severity": "info"}, annotations)


def checks_of(expr: str) -> set[str]:
    return {finding.check for finding in lint([alert(expr)], VOCABULARY, ALONE)}


histograms = st.sampled_from([series for series in VOCABULARY if series.boundaries and series.pushed])
counters = st.sampled_from([s for s in own_series() if s.kind == "counter" and s.born_at_zero])
closed = st.sampled_from([s for s in own_series() if any(v.known for v in s.labels.values())])


def slow(series: KnownSeries, threshold: float, *, minimum: bool = True) -> str:
    """Return a rule on a quantile that is correct if its threshold is."""
    count = series.name.removesuffix("_bucket") + "_count"
    quantile = (
        f"histogram_quantile(0.95, sum by (service_name, le) (rate({series.name}[5m]))) > {threshold!r}"
    )
    return quantile + (f" and sum by (service_name) (increase({count}[5m])) >= 50" if minimum else "")


@given(histograms, st.data())
def test_a_quantile_above_any_boundary_but_the_last_is_correct(series, data):
    threshold = data.draw(st.sampled_from(series.boundaries[:-1]))
    assert checks_of(slow(series, threshold)) == set()
    assert checks_of(slow(series, threshold, minimum=False)) == {"thin-traffic"}


@given(histograms, st.floats(1.0, 1e6))
def test_a_quantile_above_the_last_boundary_is_found_for_every_metric(series, factor):
    assert checks_of(slow(series, series.boundaries[-1] * factor)) == {"threshold-above-buckets"}


@given(counters, st.integers(1, 1000))
def test_the_increase_of_a_counter_is_correct_and_its_total_is_a_flaw(series, threshold):
    assert checks_of(f"sum by (job) (increase({series.name}[5m])) > {threshold}") == set()
    assert checks_of(f"sum by (job) ({series.name}) > {threshold}") == {"bare-counter"}


@given(st.sampled_from(VOCABULARY), st.integers(0, 30))
def test_a_missing_letter_in_a_name_is_found(series, place):
    name = series.name[: place % len(series.name)] + series.name[place % len(series.name) + 1 :]
    assert "unknown-metric" in checks_of(f"sum(deriv({name}[5m])) > 1")


@given(closed, st.data())
def test_a_value_is_found_exactly_if_the_closed_set_does_not_have_it(series, data):
    label = data.draw(st.sampled_from([name for name, values in series.labels.items() if values.known]))
    known = series.labels[label].known or frozenset()
    value = data.draw(st.sampled_from(sorted(known)) | st.from_regex("[a-z]{1,8}", fullmatch=True))
    expr = f'sum(deriv({series.name}{{{label}="{value}"}}[5m])) > 1'
    assert checks_of(expr) == (set() if value in known else {"impossible-value"})


@given(closed, st.sampled_from(["feed", "le2", "venue", "symbol_"]))
def test_a_label_that_the_metric_does_not_have_is_found(series, label):
    assert checks_of(f"sum by ({label}) (deriv({series.name}[5m])) > 1") == {"unknown-label"}


names = st.sampled_from([series.name for series in VOCABULARY])
labels = st.sampled_from(
    sorted({label for series in VOCABULARY for label in series.labels} | {"job", "nowhere"})
)
conditions = st.tuples(
    labels, st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(["", "a", "a|b", ".+"])
)
lists = st.lists(labels, max_size=3, unique=True).map(", ".join)


@st.composite
def selectors(draw):
    asked = ", ".join(f'{label}{op}"{value}"' for label, op, value in draw(st.lists(conditions, max_size=2)))
    return f"{draw(names)}{{{asked}}}"


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    ranges = st.sampled_from(["5s", "30s", "5m", "1h"])
    functions = st.sampled_from(["rate", "increase", "deriv", "min_over_time", "absent_over_time", "changes"])
    plain = st.sampled_from(["abs", "absent", "timestamp", "sort", "-"])
    numbers = st.sampled_from(["0", "1", "-0.5", "1e9", "time()", "2 * 3"])
    compare = st.sampled_from([">", "<=", "==", "> bool", "*", "/", "-"])
    join = st.sampled_from(["/", "-", "> ", "and", "or", "unless"])
    aggregate = st.sampled_from(["sum", "max", "count", "topk"])
    return st.one_of(
        st.builds("{}({}[{}])".format, functions, selectors(), ranges),
        st.builds("max_over_time({}[{}:5s])".format, inner, ranges),
        st.builds("{}({})".format, plain, inner),
        st.builds("histogram_quantile({}, {})".format, st.sampled_from(["0.99", "time()"]), inner),
        st.builds('label_replace({}, "a", "$1", "job", "(.*)")'.format, inner),
        st.builds("({}) {} {}".format, inner, compare, numbers),
        st.builds("({}) {} ({})".format, inner, join, inner),
        st.builds("({}) {} on ({}) ({})".format, inner, join, lists, inner),
        st.builds("({}) / on ({}) group_left ({}) ({})".format, inner, lists, lists, inner),
        st.builds(
            lambda op, how, by, of: f"{op} {how} ({by}) ({'2, ' * (op == 'topk')}{of})",
            aggregate,
            st.sampled_from(["by", "without"]),
            lists,
            inner,
        ),
    )


expressions = st.recursive(selectors(), larger, max_leaves=8)


@given(expressions, expressions, st.sampled_from(["critical", "warning", "info", "none"]))
def test_any_rules_over_the_vocabulary_can_be_checked(recorded, expr, severity):
    """Each finding has a known id, a message on one line, and a fix."""
    record = Rule("rules.yml", 1, "g", 5.0, "level:recorded:sum", False, recorded, 0.0, {}, {})
    read = Rule(
        "rules.yml",
        2,
        "h",
        5.0,
        "Example",
        True,
        f"({expr}) or level:recorded:sum",
        30.0,
        {"severity": severity},
        {},
    )
    for finding in lint([record, read], VOCABULARY, ALONE):
        assert finding.check in {path.stem for path in BAD}
        assert finding.message
        assert finding.fix
        assert "\n" not in finding.message + finding.fix
