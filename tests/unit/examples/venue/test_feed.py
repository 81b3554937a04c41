"""The feed: it numbers ticks without gaps, and counts every tick as sent or withheld."""

from __future__ import annotations

from typing import Any

import msgpack
from trading_system.venue.faults import Faults
from trading_system.venue.feed import Outbox, Subscriber, TickFeed
from trading_system.venue.ticks import Quote, Trade

QUOTE = Quote("IBM", 1_820_000, 300, "N", 1_820_200, 100, "Q", ("R",))
TRADE = Trade("IBM", 1_820_100, 5, "D", ("@", "I"))


class SubscribedFeed:
    """A feed with one subscriber to everything."""

    def __init__(self) -> None:
        self.faults = Faults(lambda: 0.0)
        self.feed = TickFeed(self.faults)
        self.subscriber = Subscriber()
        for channel in ("trades", "quotes"):
            self.subscriber.subscribe(channel, ["*"])
        self.feed.join(self.subscriber)

    async def received(self) -> list[dict[str, Any]]:
        return [msgpack.unpackb(message) for _, message in await self.subscriber.outbox.take()]


async def test_ticks_have_the_shape_of_the_broker_s_messages_and_a_number() -> None:
    subscribed = SubscribedFeed()
    subscribed.feed.publish(QUOTE)
    subscribed.feed.publish(TRADE)
    quote, trade = await subscribed.received()
    quote_time, trade_time = quote.pop("t"), trade.pop("t")
    assert quote == {
        "T": "q",
        "S": "IBM",
        "bx": "N",
        "bp": 182.0,
        "bs": 300,
        "ax": "Q",
        "ap": 182.02,
        "as": 100,
        "c": ["R"],
        "z": "A",
        "n": 1,
    }
    assert trade == {
        "T": "t",
        "S": "IBM",
        "i": 2,
        "x": "D",
        "p": 182.01,
        "s": 5,
        "c": ["@", "I"],
        "z": "A",
        "n": 2,
    }
    assert quote_time.to_unix_nano() <= trade_time.to_unix_nano()


async def test_withheld_ticks_leave_gaps_in_the_numbers() -> None:
    subscribed = SubscribedFeed()
    subscribed.faults.activate({"name": "sequence_gap", "seconds": 1, "share": 0.5})
    for _ in range(6):
        subscribed.feed.publish(TRADE)
    assert [message["n"] for message in await subscribed.received()] == [1, 3, 5]
    assert subscribed.feed.counts()["withheld_by_reason"] == {"sequence_gap": 3}


async def test_a_crossed_quote_has_its_bid_above_its_ask() -> None:
    subscribed = SubscribedFeed()
    subscribed.faults.activate({"name": "crossed_quotes", "seconds": 1, "share": 1})
    for quote in (QUOTE, QUOTE._replace(bid_price=0), QUOTE._replace(ask_price=0)):
        subscribed.feed.publish(quote)
    assert all(message["bp"] > message["ap"] > 0 for message in await subscribed.received())


async def test_a_bad_quote_lacks_a_price() -> None:
    subscribed = SubscribedFeed()
    subscribed.faults.activate({"name": "bad_quotes", "seconds": 1, "share": 1})
    subscribed.feed.publish(QUOTE)
    subscribed.feed.publish(QUOTE)
    assert [(message["bp"], message["ap"]) for message in await subscribed.received()] == [
        (182.0, 0.0),
        (0.0, 0.0),
    ]


async def test_a_subscriber_gets_its_symbols_and_channels_only() -> None:
    subscribed = SubscribedFeed()
    subscribed.subscriber.unsubscribe("trades", ["*"])
    subscribed.subscriber.unsubscribe("quotes", ["*"])
    subscribed.subscriber.subscribe("trades", ["IBM"])
    for tick in (QUOTE, TRADE, TRADE._replace(symbol="AAPL")):
        subscribed.feed.publish(tick)
    assert [message["n"] for message in await subscribed.received()] == [2]


async def test_a_slow_client_s_overflow_is_counted() -> None:
    subscribed = SubscribedFeed()
    subscribed.subscriber.outbox = Outbox(limit=3)
    for _ in range(5):
        subscribed.feed.publish(TRADE)
    assert [message["n"] for message in await subscribed.received()] == [1, 2, 3]
    assert subscribed.feed.counts()["withheld_by_reason"] == {"overflow": 2}


async def test_every_tick_is_sent_or_withheld() -> None:
    subscribed = SubscribedFeed()
    for _ in range(4):
        subscribed.feed.publish(TRADE)
    taken = await subscribed.subscriber.outbox.take()
    subscribed.feed.sent(symbol for symbol, _ in taken[:3])
    subscribed.feed.publish(TRADE)
    subscribed.feed.leave(subscribed.subscriber, unsent=1)
    subscribed.feed.publish(TRADE)
    assert subscribed.feed.counts() == {
        "produced": 6,
        "sent": 3,
        "withheld": 3,
        "withheld_by_reason": {"connection_lost": 2, "no_subscriber": 1},
        "by_symbol": {"IBM": 3},
    }
