"""A mutant differs from its rule in one clause, and every clause has one."""

from __future__ import annotations

from tools.mutate.alerts import rules
from tools.mutate.rules import mutants


def mutated(expr: str, **others: str) -> dict[str, str]:
    made = mutants({"alert": "A", "expr": expr, **others})
    return {mutant.change: " ".join(mutant.rule["expr"].split()) for mutant in made}


def test_a_comparison_is_removed_and_its_threshold_is_moved_both_ways():
    assert mutated("x > 4") == {
        "without `> 4`: x": "x",
        "`> 3` in place of 4: x": "(x) > 3",
        "`> 5` in place of 4: x": "(x) > 5",
    }


def test_a_threshold_of_zero_is_moved_by_one():
    assert [text for text in mutated("x > 0").values() if ">" in text] == ["(x) > -1", "(x) > 1"]


def test_each_operand_is_removed_except_the_left_side_of_unless():
    assert list(mutated("a and b or c unless d").values()) == [
        "a or c unless d",
        "b or c unless d",
        "a and b or c",
        "a and b",
        "c unless d",
    ]


def test_each_condition_on_a_label_is_removed_and_so_is_an_offset():
    assert list(mutated('x{a="1", b=~"2|3"} offset 10s').values()) == [
        'x{b=~"2|3"} offset 10s',
        'x{a="1"} offset 10s',
        'x{a="1",b=~"2|3"}',
    ]


def test_a_selector_without_a_name_keeps_its_only_condition():
    assert mutated('{__name__=~"x|y"}') == {}


def test_each_label_that_is_grouped_or_matched_by_is_removed():
    assert list(mutated("sum by (a, b) (x) unless on (a, b) y").values()) == [
        "sum by (b) (x) unless on (a, b) y",
        "sum by (a) (x) unless on (a, b) y",
        "sum by (a, b) (x)",
        "(sum by (a, b) (x)) unless on (b) (y)",
        "(sum by (a, b) (x)) unless on (a) (y)",
    ]


def test_a_hold_is_removed_and_doubled():
    made = [
        mutant.rule for mutant in mutants({"alert": "A", "expr": "x", "for": "5s", "keep_firing_for": "1m"})
    ]
    assert [(rule.get("for"), rule.get("keep_firing_for")) for rule in made] == [
        (None, "1m"),
        ("10s", "1m"),
        ("5s", None),
        ("5s", "2m"),
    ]


def test_every_clause_of_every_hand_written_alert_can_be_mutated():
    alerts = [rule for rule in rules() if "alert" in rule]
    assert {rule["alert"] for rule in alerts if not list(mutants(rule))} == {"TradingWatchdog"}
