"""The page in a browser: orders of the demo, the trace and logs of the slowest one, and a restart."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.programs import PATIENCE, free_ports, viewing

SERVICES = ("market-data", "signal-bridge", "risk-manager", "execution-engine")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
expect.set_options(timeout=PATIENCE * 1000)


def place(page: Page, name: str):
    return page.locator(f'[data-live="{name}"]').first


def test_the_demo_shows_orders_as_they_happen(page, demo):
    page.goto(demo)
    expect(place(page, "pulse")).to_have_text("Receiving")
    expect(place(page, "orders")).to_have_text(re.compile("[1-9]"))
    before = place(page, "orders").text_content()
    expect(place(page, "orders")).not_to_have_text(before)  # the page refreshes itself without a reload
    expect(place(page, "switch")).to_have_text("Armed")
    expect(page.get_by_role("img", name="Profit and loss, USD").locator("svg")).to_be_visible()


def test_the_slowest_order_has_a_waterfall_through_all_four_services_and_its_logs(page, demo):
    page.goto(f"{demo}/traces?orders=1")
    while not page.locator(".traces tbody tr").count():
        page.keyboard.press("r")
        page.wait_for_load_state()
    durations = [int(text.replace(",", "")) for text in page.locator(".traces .strong").all_text_contents()]
    assert durations == sorted(durations, reverse=True)
    order_id = page.locator(".traces tbody tr").first.locator("td").nth(2).text_content()
    page.locator(".traces tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{durations[0]:,} µs")
    for service in SERVICES:
        expect(page.locator(f'.waterfall details[data-service="{service}"] .bar').first).to_be_visible()
    expect(page.locator(".logs-beside")).to_contain_text("trading.order.submitted")
    expect(page.locator(".logs-beside")).to_contain_text(f"order.id={order_id}")


def test_an_orders_logs_are_found_by_its_id(page, demo):
    page.goto(f"{demo}/logs?text=trading.order.submitted")
    order_id = re.search(r"order\.id=(\w+)", page.locator(".logs").text_content())[1]
    page.keyboard.press("/")
    expect(page.get_by_label("Text")).to_be_focused()
    page.get_by_label("Text").fill("")
    page.get_by_label("Order id").fill(order_id)
    page.get_by_label("Order id").press("Enter")
    expect(page).to_have_url(re.compile(f"order_id={order_id}"))
    rows = page.locator(".logs tbody tr")
    assert all(order_id in text for text in rows.all_text_contents())
    assert rows.count() > 1


def test_a_span_shows_its_attributes_by_keyboard(page, demo):
    page.goto(f"{demo}/traces?name=submit+order")
    page.locator(".traces tbody a").first.press("Enter")
    span = page.locator(".waterfall details", has_text="submit order").first
    span.locator("summary").press("Enter")
    expect(span.locator(".inside")).to_contain_text("trading.venue.name")


def test_every_area_has_a_shortcut_and_is_marked_in_the_navigation(page, demo):
    page.goto(demo)
    for key, name in enumerate(("Trading", "Latency", "Traces", "Logs", "Metrics", "Dropped"), 1):
        page.keyboard.press(str(key))
        expect(page.locator("nav [aria-current=page]")).to_contain_text(name)


def test_the_tab_key_reaches_every_area(page, demo):
    page.goto(demo)
    expect(page.locator(".top")).to_be_visible()
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert [text.rstrip("123456") for text in reached[1:7]] == [
        "Trading",
        "Latency",
        "Traces",
        "Logs",
        "Metrics",
        "Dropped",
    ]


def test_the_theme_is_that_of_the_system_until_it_is_switched(browser: Browser, demo):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(demo)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    context.close()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_area_scrolls_sideways(page, demo, width):
    page.set_viewport_size({"width": width, "height": 844})
    for area in ("/", "/latency", "/traces", "/logs", "/metrics", "/dropped"):
        page.goto(demo + area)
        expect(page.locator(".panel, .tiles").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, area


def test_the_page_reconnects_when_the_backend_restarts(page, tmp_path):
    ports, db = free_ports(), str(tmp_path / "view.db")
    with viewing(ports, "--db", db) as url:
        page.goto(url)
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing has arrived yet")
        send_an_order(ports[2])
        expect(place(page, "pulse")).to_have_text("Receiving")
    expect(page.locator("#popup")).to_be_visible()  # the notice of the lost connection
    with viewing(ports, "--db", db):
        expect(page.locator("#popup")).not_to_be_visible()
        expect(place(page, "pulse")).to_have_text(re.compile("Receiving|Silent"))
        page.keyboard.press("3")
        expect(page.locator(".traces tbody")).to_contain_text("order limit")


def send_an_order(port: int) -> None:
    span = {
        "traceId": "07" * 16,
        "spanId": "07" * 8,
        "name": "order limit",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "9000",
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status == 200


@pytest.fixture
def foreign_site() -> Iterator[str]:
    """Yield the URL of another web server on this machine, which a browser treats as another site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


FETCH = """async ([url, options]) => {
    try { return (await fetch(url, options)).status } catch { return "refused" }
}"""
OPEN = """url => new Promise(done => {
    const socket = new WebSocket(url);
    socket.onopen = () => done("opened");
    socket.onerror = () => done("refused");
})"""


def test_a_foreign_site_neither_reads_the_page_nor_sends_to_it(browser: Browser, demo, foreign_site):
    foreign = browser.new_page()
    foreign.goto(foreign_site)  # an error page is a page, too
    assert foreign.evaluate(FETCH, [demo, {}]) == "refused"
    assert foreign.evaluate(FETCH, [f"{demo}/logs", {"method": "POST", "body": "x"}]) == "refused"
    socket = demo.replace("http:", "ws:") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    assert foreign.evaluate(OPEN, socket) == "refused"
    foreign.goto(f"{demo}/dropped")  # as if somebody typed the URL
    expect(foreign.locator(".panel", has_text="Refused")).to_contain_text("cross-site request3")
    foreign.close()


def test_a_foreign_name_that_resolves_to_this_machine_is_refused(browser: Browser, demo):
    port = demo.rpartition(":")[2]
    rebound = browser.browser_type.launch(
        executable_path=chromium.path(),
        args=["--no-sandbox", "--host-resolver-rules=MAP rebound.example 127.0.0.1"],
    )
    page = rebound.new_page()
    answer = page.goto(f"http://rebound.example:{port}/")
    assert answer.status == 403
    assert "foreign host" in page.content()
    rebound.close()
