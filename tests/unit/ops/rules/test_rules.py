"""Rule files: each rule is read with its line, and any other file is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules import rule_file
from otel_trading.ops.rules.rule_file import Rule

FILE = """\
groups:
  - name: p0
    rules:
      - record: a:b:c
        expr: sum(x)
        labels: {desk: equities}

      - expr: |
          a:b:c > 5
        for: 1m30s
        labels: {severity: critical}
        annotations: {summary: Too many.}
        alert: TooMany
  - {name: p1, interval: 15s, rules: [{alert: Few, expr: 1, for: 0s}]}
"""


def test_a_rule_stands_on_the_line_of_its_name(tmp_path):
    path = tmp_path / "rules.yml"
    path.write_text(FILE, encoding="utf-8")
    file = str(path)
    assert rule_file.load(path) == [
        Rule(file, 4, "p0", 5.0, "a:b:c", False, "sum(x)", 0.0, {"desk": "equities"}, {}),
        Rule(
            file,
            line=13,
            group="p0",
            interval=5.0,
            name="TooMany",
            is_alert=True,
            expr="a:b:c > 5\n",
            hold=90.0,
            labels={"severity": "critical"},
            annotations={"summary": "Too many."},
        ),
        Rule(file, 14, "p1", 15.0, "Few", True, "1", 0.0, {}, {}),
    ]


def test_a_folder_is_read_in_the_order_of_its_files(tmp_path):
    for name in ("b.yml", "a.yaml", "notes.md"):
        (tmp_path / name).write_text(f"groups: [{{name: g, rules: [{{record: {name[0]}, expr: 1}}]}}]")
    assert [rule.name for rule in rule_file.load(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a rule file: it has no list `groups`"),
        ("a: [", "is not YAML: line 1: expected the node content, but found '<stream end>'"),
        ("rules: []", "is not a rule file: it has no list `groups`"),
        ("groups: {a: 1}", "is not a rule file: it has no list `groups`"),
        ("groups:\n  - name: g", ", line 2: a group needs a list `rules`"),
        ("groups:\n  - x", ", line 2: a group needs a list `rules`"),
        ("groups: [{rules: [x]}]", ", line 1: a rule needs `expr`, and one of `alert` and `record`"),
        ("groups: [{rules: [{alert: A}]}]", ", line 1: a rule needs `expr`, and one of `alert` and `record`"),
        (
            "groups: [{rules: [{alert: A, record: b, expr: 1}]}]",
            ", line 1: a rule needs `expr`, and one of `alert` and `record`",
        ),
        (
            "groups: [{rules: [{alert: A, expr: 1, for: soon}]}]",
            ", line 1: for is 'soon', expected a duration such as 30s",
        ),
        (
            "groups: [{rules: [{alert: A, expr: 1, labels: P0}]}]",
            ", line 1: labels is 'P0', expected a mapping",
        ),
    ],
)
def test_a_file_that_is_not_a_rule_file_is_refused_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "rules.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        rule_file.load(path)
    assert str(refused.value) in {f"{str(path)!r} {sentence}", f"{str(path)!r}{sentence}"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read: No such file or directory"), (b"\xff", "cannot be read: it is not UTF-8")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, sentence):
    path = tmp_path / "rules.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        rule_file.load(path)
    assert str(refused.value) == f"{str(path)!r} {sentence}"


def test_a_folder_without_rules_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="holds no rule file"):
        rule_file.load(Path(tmp_path))


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0.0), ("0", 0.0), ("500ms", 0.5), ("1h30m", 5400.0)])
def test_a_duration_has_the_notation_of_prometheus_and_may_be_zero(text, seconds):
    assert rule_file.duration(text) == seconds
