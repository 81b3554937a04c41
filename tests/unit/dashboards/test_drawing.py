"""Each dashboard has a small picture in the docs, drawn from the results of its queries."""

from __future__ import annotations

from math import nan

import pytest
from PIL import Image

from tests.support.dashboards import BOARDS, ROOT
from tools.dashboards.drawing import Result, draw, shown
from tools.dashboards.render import Prometheus, main


@pytest.mark.parametrize("uid", BOARDS)
def test_each_dashboard_has_a_small_picture_that_the_page_does_not_call_a_screenshot(uid):
    path = ROOT / "docs" / "images" / "dashboards" / f"{uid}.png"
    assert path.stat().st_size < 250_000
    page = (ROOT / "docs" / "reference" / "dashboards.md").read_text(encoding="utf-8")
    assert f"images/dashboards/{uid}.png" in page
    assert page.count("not a\nscreenshot of Grafana") == len(BOARDS)


def points(value: float) -> list[tuple[float, float]]:
    return [(-360.0 + 5 * number, value) for number in range(73)]


@pytest.mark.parametrize("uid", BOARDS)
def test_every_panel_is_drawn_from_its_results_or_shows_its_text_for_no_data(uid, tmp_path):
    board = BOARDS[uid]
    labels = {"slo": "x", "service_name": "y", "priority": "P0", "alertname": "z"}
    full = [
        (panel, place, [[Result("one", labels, points(1.0))] for _ in panel.queries])
        for panel, place in board.panels()
    ]
    empty = [(panel, place, [[] for _ in panel.queries]) for panel, place in board.panels()]
    draw(board, full, tmp_path / "full.png")
    draw(board, empty, tmp_path / "empty.png")
    with Image.open(tmp_path / "full.png") as one, Image.open(tmp_path / "empty.png") as other:
        assert one.size == other.size
        assert one.convert("RGB").tobytes() != other.convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.9995, "percentunit", "99.95%"),
        (-99.0, "percentunit", "-9,900%"),
        (1.0, "percentunit", "100%"),
        (0.0000123, "s", "12.3 µs"),
        (0.5, "s", "500 ms"),
        (-1234.0, "currencyUSD", "-$1.23k"),
        (1.1e9, "bytes", "1.1GB"),
        (2.5, "suffix: bps", "2.5 bps"),
        (nan, "none", "none"),
    ],
)
def test_a_value_is_written_as_short_as_grafana_does(value, unit, text):
    assert shown(value, unit) == text


def test_an_environment_without_services_is_reported(monkeypatch, capsys):
    monkeypatch.delenv("OTEL_TRADING_ENVIRONMENT", raising=False)
    monkeypatch.delenv("PROMETHEUS_URL", raising=False)
    monkeypatch.setattr(Prometheus, "ask", lambda *_: [])
    assert main() == 1
    assert "no service of 'paper' reported to http://127.0.0.1:9999" in capsys.readouterr().err
