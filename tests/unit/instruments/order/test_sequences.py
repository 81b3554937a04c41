"""The invariants of orders, for random sequences of calls."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from otel_trading import _closing
from otel_trading.instruments import Order
from otel_trading.instruments.order.order import _orders
from tests.support.seen import Seen
from tests.support.strategies import order_types, prices, quantities, sides

ids = st.integers(0, 5).map("c-{}".format)
execution_ids = st.none() | st.integers(0, 5).map("e-{}".format)
reasons = st.sampled_from(["throttled", "insufficient_funds", "no such reason"])
sources = st.sampled_from(["risk", "gateway", "venue"])


class Orders(RuleBasedStateMachine):
    """Calls random steps of orders, and compares the recorded counts with the state of the orders."""

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        _orders._forget()
        self.seen = Seen()
        self.all: list[Order] = []
        self.executions = 0

    def teardown(self) -> None:
        Seen.detach()
        _orders._forget()

    @rule(target=orders, id=ids, type=order_types, side=sides, quantity=quantities, price=prices)
    def create(self, id: str, type: str, side: str, quantity: float, price: float) -> Order:
        order = Order(
            id,
            venue="XNAS",
            type=type,
            side=side,
            quantity=quantity,
            strategy="mm",
            arrival_price=price,
            decision_price=price,
        )
        self.all.append(order)
        return order

    @rule(order=orders, fails=st.booleans())
    def submit(self, order: Order, fails: bool) -> None:
        try:
            with order.submitting():
                if fails:
                    raise ConnectionError
        except ConnectionError:
            order.retried()

    @rule(
        order=orders,
        step=st.sampled_from([Order.submitted, Order.acknowledged, Order.cancel_requested, Order.retried]),
    )
    def call(self, order: Order, step) -> None:
        step(order)

    @rule(
        order=orders,
        step=st.sampled_from([Order.canceled, Order.expired, Order.done_for_day]),
        last_price=st.none() | prices,
    )
    def end(self, order: Order, step, last_price: float | None) -> None:
        step(order, last_price=last_price)

    @rule(order=orders, reason=reasons, source=sources)
    def reject(self, order: Order, reason: str, source: str) -> None:
        order.rejected(reason, source)

    @rule(order=orders, quantity=quantities | st.none(), requested=quantities | st.none())
    def replace(self, order: Order, quantity: float | None, requested: float | None) -> None:
        order.replace_requested(quantity=requested)
        order.replaced(quantity=quantity)

    @rule(order=orders, quantity=quantities, price=prices, execution_id=execution_ids)
    def fill(self, order: Order, quantity: float, price: float, execution_id: str | None) -> None:
        self.executions += 1
        order.filled(quantity=quantity, price=price, execution_id=execution_id)

    @rule(order=orders)
    def fill_the_rest(self, order: Order) -> None:
        self.executions += 1
        order.filled(quantity=order.quantity - order.filled_quantity, price=10.0)

    @rule()
    def shut_down(self) -> None:
        _closing.run()

    @rule(order=consumes(orders))
    def abandon(self, order: Order) -> None:
        """No later rule uses this order."""

    @invariant()
    def submitted_is_completed_plus_open(self) -> None:
        submitted = self.seen.total("trading.order.submitted")
        completed = self.seen.total("trading.order.completed")
        assert submitted == completed + sum(order.is_open for order in self.all)
        assert Order.open() == [order for order in self.all if order.is_open]

    @invariant()
    def every_completed_order_has_one_fill_ratio_within_its_bounds(self) -> None:
        points = self.seen.points("trading.order.fill.ratio")
        assert sum(p.count for p in points) == self.seen.total("trading.order.completed")
        assert all(0 <= p.min <= p.max <= 1 for p in points)

    @invariant()
    def an_execution_is_received_or_unmatched(self) -> None:
        received = self.seen.total("trading.execution.received")
        assert received + self.seen.total("trading.execution.unmatched") == self.executions

    @invariant()
    def an_order_is_never_overfilled(self) -> None:
        assert all(order.filled_quantity <= order.quantity * (1 + 1e-8) for order in self.all)

    @invariant()
    def no_duration_is_negative(self) -> None:
        names = ("submit", "ack", "fill")
        points = [p for name in names for p in self.seen.points(f"trading.order.{name}.duration")]
        assert all(p.min >= 0 for p in points)

    @invariant()
    def each_order_ends_its_span_at_most_once(self) -> None:
        ended = [span for span in self.seen.spans if span.name.startswith("order ")]
        assert len({span.context.span_id for span in ended}) == len(ended) <= len(self.all)


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
