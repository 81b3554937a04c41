"""The pages name only existing commands, options, targets and settings, and the code of the Rust example."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from collector.stack.__main__ import _COMMANDS as COMMANDS
from otel_trading.ops.cli import main
from otel_trading.pipeline.setup.settings import SETTINGS
from tests.support.pages import DOCS, shows, steps_of

ROOT = DOCS.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
}
HOW_TOS = sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "how-to").glob("*.md"))


def code(text: str) -> list[str]:
    """Return every line of shell on a page, in blocks and between backticks."""
    blocks = re.findall(r"^ *```bash[^\n]*\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", prose)
    joined = [re.sub(r"\\\n\s*", " ", block) for block in blocks]
    return [line.strip() for block in [*joined, *inline] for line in block.splitlines()]


def calls(program: str) -> list[tuple[str, str]]:
    """Return every call of a program on the pages, with its page."""
    pattern = re.compile(rf"(?:^|[\s;|&(])(?:\S*/)?{program} +([^|;&#)]+)")
    return [
        (page, call.strip())
        for page, text in PAGES.items()
        for line in code(text)
        for call in pattern.findall(line)
    ]


@pytest.mark.parametrize("call", sorted({call for _, call in calls("otel-trading")}))
def test_every_otel_trading_command_on_a_page_is_valid(call):
    name, *arguments = shlex.split(call)
    if name.startswith("-"):
        assert name in {"--help", "--version"}
        return
    command = main.get_command(click.Context(main), name)
    assert command is not None, call
    command.make_context(name, arguments, resilient_parsing=True)


def test_every_target_of_make_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        (page, word)
        for page, call in calls("make")
        for word in call.split()
        if re.fullmatch(r"[a-z-]+", word)
    }
    assert named
    assert {(page, word) for page, word in named if word not in targets} == set()


def test_every_command_of_the_stack_exists():
    named = {call.split()[2] for _, call in calls("python3?") if call.startswith("-m stack ")}
    assert named
    assert named <= set(COMMANDS)


def test_every_variable_of_ours_exists():
    known = {setting.variable for setting in SETTINGS}
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in [
            *ROOT.rglob("otel_trading/**/*.py"),
            *ROOT.glob("collector/stack/*.py"),
            ROOT / "hatch_build.py",
        ]
    )
    collector = PAGES["docs/reference/collector.md"]
    named = {
        (page, name)
        for page, text in PAGES.items()
        for name in re.findall(r"\b(?:OTEL_TRADING|OTELCOL)_[A-Z_]+[A-Z]\b", text)
    }
    assert {
        (page, name)
        for page, name in named
        if name not in known and name not in source and f"`{name}`" not in collector
    } == set()


def test_every_row_of_the_troubleshooting_has_a_command():
    rows = re.findall(r"^\| (?!symptom)([^-|].*) \|$", PAGES["docs/troubleshooting.md"], re.MULTILINE)
    assert len(rows) >= 15
    cells = [row.split(" | ") for row in rows]
    assert [row for row in cells if len(row) != 3] == []
    assert [row for row in cells if not re.search(r"`[^`]+`|\]\([^)]+\)", row[2])] == []


def test_each_kind_of_service_has_a_page_that_runs():
    kinds = ["instrument-a-service", "rust", "zeromq", "asyncio", "http", "fix"]
    assert [kind for kind in kinds if f"how-to/{kind}.md" not in HOW_TOS] == []
    runs = [any(step.language == "python" for step in steps_of(f"how-to/{kind}.md")) for kind in kinds]
    assert runs == [True] * len(kinds)


def test_the_rust_on_a_page_is_that_of_the_example():
    sources = "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples/rust_service/src").glob("*.rs"))
    )
    blocks = re.findall(r"^```rust\n(.*?)^```", PAGES["docs/how-to/rust.md"], re.DOTALL | re.MULTILINE)
    assert blocks
    assert [block for block in blocks if block not in sources] == []


def test_the_guide_has_six_phases_each_with_a_condition_and_a_verification():
    phases = re.split(r"^## Phase \d: ", PAGES["docs/guide.md"], flags=re.MULTILINE)[1:]
    assert len(phases) == 6
    for phase in phases:
        assert "**Begin when** " in phase
        proof = phase.partition("**Verify** ")[2]
        assert "```" in proof


@pytest.mark.parametrize(
    ("expected", "printed", "is_shown"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "first\na\nb\nlast\n", True),
        ("a\nb", "a\nx\nb\n", False),
        ("a\n…\nb", "a\nx\nb\n", True),
        ("id …", "id 0x17\n", True),
        ("id …", "key 0x17\n", False),
    ],
)
def test_the_output_on_a_page_is_compared_line_by_line(expected, printed, is_shown):
    assert shows(expected, printed) is is_shown
