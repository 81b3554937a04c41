"""The book: it matches by price, then by time, loses no share, and is never crossed."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from trading_system.venue.book import Book, BookOrder, Execution, Side

PRICES = st.integers(9_990, 10_010).map(lambda cents: cents * 100)
QUANTITIES = st.integers(1, 500)
ORDERS = st.lists(
    st.builds(
        lambda side, price, quantity, immediate: (side, price, quantity, immediate),
        st.sampled_from(Side),
        st.none() | PRICES,
        QUANTITIES,
        st.booleans(),
    ),
    max_size=40,
)
QUOTES = st.lists(st.tuples(st.sampled_from("NQ"), st.sampled_from(Side), PRICES, QUANTITIES), max_size=20)


def submitted(
    orders: Iterable[tuple[Side, int | None, int, bool]],
) -> tuple[Book, list[BookOrder], list[Execution]]:
    book, entries, executions = Book(), [], []
    for number, (side, price, quantity, immediate) in enumerate(orders):
        entries.append(BookOrder(f"o{number}", side, price, quantity, immediate))
        executions += book.submit(entries[-1])
    return book, entries, executions


def resting_book(*orders: BookOrder) -> Book:
    book = Book()
    for order in orders:
        book.submit(order)
    return book


def test_the_better_price_trades_first() -> None:
    book = resting_book(BookOrder("late", Side.SELL, 102, 10), BookOrder("cheap", Side.SELL, 101, 10))
    executions = book.submit(BookOrder("taker", Side.BUY, 103, 15))
    assert executions == [Execution("cheap", "taker", 10, 101), Execution("late", "taker", 5, 102)]


def test_at_one_price_the_earlier_order_trades_first() -> None:
    book = resting_book(BookOrder("first", Side.BUY, 100, 10), BookOrder("second", Side.BUY, 100, 10))
    executions = book.submit(BookOrder("taker", Side.SELL, None, 12))
    assert [(execution.maker_id, execution.quantity) for execution in executions] == [
        ("first", 10),
        ("second", 2),
    ]


def test_an_order_trades_at_the_price_of_the_resting_one() -> None:
    book = resting_book(BookOrder("maker", Side.SELL, 101, 10))
    assert book.submit(BookOrder("taker", Side.BUY, 105, 10))[0].price == 101


def test_the_rest_of_an_immediate_order_does_not_stay_in_the_book() -> None:
    book = resting_book(BookOrder("ioc", Side.BUY, 100, 10, immediate=True))
    assert book.best(Side.BUY) is None


def test_a_quote_replaces_the_quote_of_the_same_source() -> None:
    book = Book()
    book.quote("N", Side.BUY, 100, 300)
    book.quote("N", Side.BUY, 99, 200)
    assert [(order.price, order.remaining) for order in book.resting(Side.BUY)] == [(99, 200)]


def test_a_quote_that_crosses_older_quotes_removes_them_and_trades_with_clients() -> None:
    book = resting_book(BookOrder("client", Side.SELL, 101, 50))
    book.quote("N", Side.SELL, 101, 300)
    executions = book.quote("Q", Side.BUY, 102, 80)
    assert [(execution.maker_id, execution.quantity) for execution in executions] == [("client", 50)]
    assert book.best(Side.SELL) is None


def test_a_canceled_order_no_longer_trades() -> None:
    book = resting_book(BookOrder("gone", Side.BUY, 100, 10), BookOrder("stays", Side.BUY, 100, 10))
    assert book.cancel("gone") is not None
    assert book.cancel("gone") is None
    assert book.submit(BookOrder("taker", Side.SELL, 100, 10))[0].maker_id == "stays"


@given(ORDERS)
def test_no_share_is_lost_or_created(orders: list[tuple[Side, int | None, int, bool]]) -> None:
    book, entries, executions = submitted(orders)
    traded = {entry.id: 0 for entry in entries}
    for execution in executions:
        traded[execution.maker_id] += execution.quantity
        traded[execution.taker_id] += execution.quantity
    assert [quantity for _, _, quantity, _ in orders] == [
        entry.remaining + traded[entry.id] for entry in entries
    ]
    resting = {order.id for side in Side for order in book.resting(side)}
    stays = {
        entry.id for entry in entries if entry.remaining and entry.price is not None and not entry.immediate
    }
    assert resting == stays


@given(ORDERS, QUOTES)
def test_the_resting_book_is_never_crossed(
    orders: list[tuple[Side, int | None, int, bool]], quotes: list[tuple[str, Side, int, int]]
) -> None:
    book, _, _ = submitted(orders)
    for quote in [None, *quotes]:
        if quote is not None:
            book.quote(*quote)
        bid, ask = book.best(Side.BUY), book.best(Side.SELL)
        assert bid is None or ask is None or (bid.price or 0) < (ask.price or 0)


@given(ORDERS)
def test_resting_orders_are_sorted_by_price_and_then_by_time(
    orders: list[tuple[Side, int | None, int, bool]],
) -> None:
    book, entries, _ = submitted(orders)
    arrival = {entry.id: number for number, entry in enumerate(entries)}
    for side, sign in ((Side.BUY, -1), (Side.SELL, 1)):
        ranks = [(sign * (order.price or 0), arrival[order.id]) for order in book.resting(side)]
        assert ranks == sorted(ranks)


@given(ORDERS)
def test_no_order_trades_beyond_its_limit(orders: list[tuple[Side, int | None, int, bool]]) -> None:
    _, entries, executions = submitted(orders)
    by_id = {entry.id: entry for entry in entries}
    for execution in executions:
        assert by_id[execution.maker_id].accepts(execution.price)
        assert by_id[execution.taker_id].accepts(execution.price)
