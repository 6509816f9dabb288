"""What happens in the demo, in two stores, and what has to show for it.

The story acts through the stand-ins' control routes, the command line, the JSON API and Waitline's pages; whether it
came true is seen by the witnesses.
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta

from demo.merchant import Merchant
from demo.report import Facts
from demo.stage import Stage
from demo.storyteller import Storyteller
from demo.telling import day
from demo.witness import Shop, Sight, Witness, with_dates, with_holds

SETTLE_SECONDS = "3"
USUAL_SETTLE_SECONDS = "120"
AFTER_ARRIVAL = timedelta(days=4)
"""What is added to a supplier's date before a customer is told: three days of safety and one of handling."""


@dataclass(frozen=True, slots=True)
class Place:
    """One connected store."""

    name: str
    id: int
    shop: Shop
    witness: Witness
    signin_url: str


class Story:
    """The whole story. Northwind is like Shopify, with holds and tags; Harbour is like WooCommerce."""

    def __init__(self, stage: Stage, teller: Storyteller) -> None:
        self._stage = stage
        self._teller = teller
        self._northwind_shop = Shop(stage.shopify_url, with_holds)
        self._harbour_shop = Shop(stage.woocommerce_url, with_dates)
        self._today = datetime.now(UTC).date()
        self._year = self._today.year - (self._today < date(self._today.year, 1, 9))
        self._lanterns_due = self._today + timedelta(days=10)
        self._jackets_due = self._today + timedelta(days=6)

    def play(self) -> None:
        """From two stores without Waitline to the end. Raises Ended where a step does not come true."""
        report = self._teller.report
        self._before()
        self._connect()
        self._watch()
        self._settle()
        report.story_began = report.elapsed
        self._switch_on()
        self._announce()
        self._january()
        self._arrival()
        report.first_allocation = report.elapsed
        self._cancellation()
        self._part_in_stock()
        self._restock()
        self._leave_something()
        self._at_rest()
        report.ended = report.elapsed

    def signin_links(self) -> list[tuple[str, str]]:
        """The stores' names and fresh links to their dashboards."""
        places = (self._northwind, self._harbour)
        first, second = self._stage.run_all(*(["signin", str(place.id)] for place in places))
        # Browsers keep cookies by host name: under two names one browser is signed in to both stores.
        elsewhere = second["url"].replace(self._stage.web_url, self._stage.web_url.replace("127.0.0.1", "localhost"))
        return [(places[0].name, first["url"]), (places[1].name, elsewhere)]

    def _before(self) -> None:
        self._northwind_shop.act("add_product", sku="LANTERN", name="Trail lantern", price="89.00", stock=0)
        self._northwind_shop.act("add_product", sku="STOVE", name="Camp stove", price="64.00", stock=0)
        self._harbour_shop.act("add_product", sku="JACKET", name="Rain jacket", price="120.00", stock=3)
        self._northwind_shop.order("STOVE", 1, "Wilma Hart", self._january_day(2))

    def _connect(self) -> None:
        self._teller.heading("Both stores are connected from the command line and their open orders are read.")
        stores = self._stage.connect()
        _, *made = self._stage.run_all(
            ["idle"], *([word, str(store)] for store in stores for word in ("token", "signin"))
        )
        shops = {"Northwind Outdoor": self._northwind_shop, "Harbour Outfitters": self._harbour_shop}
        self._northwind, self._harbour = (
            Place(
                name,
                store,
                shop,
                Witness(shop, self._stage.web_url, token["token"], self._stage.mailbox_url),
                link["url"],
            )
            for (name, shop), store, token, link in zip(shops.items(), stores, made[::2], made[1::2], strict=True)
        )
        self._teller.witnesses = [self._northwind.witness, self._harbour.witness]

    def _watch(self) -> None:
        self._teller.orders(
            "A new store is only watched: order 99 waits, nothing is written, nobody is written to.",
            {"#99": Sight(given=0, waiting=1)},
        )

    def _settle(self) -> None:
        merchants = [Merchant(self._stage.web_url, place.signin_url) for place in (self._northwind, self._harbour)]
        was = [merchant.setting("settle_seconds") for merchant in merchants]
        for merchant in merchants:
            merchant.change_setting("settle_seconds", SETTLE_SECONDS)

        def look() -> Facts:
            return {"before": was, "now": [merchant.setting("settle_seconds") for merchant in merchants]}

        self._teller.step(
            "For the demo the settling time is made short, on the settings page.",
            look,
            {"before": [USUAL_SETTLE_SECONDS] * 2, "now": [SETTLE_SECONDS] * 2},
            lambda found: [f"settling time: {found['now'][0]} seconds instead of {found['before'][0]}"],
        )

    def _switch_on(self) -> None:
        self._stage.run_all(["on", str(self._northwind.id)], ["on", str(self._harbour.id)])
        self._teller.orders(
            "Both stores are switched on. Order 99 waited before: it is held, its customer is not written to.",
            {"#99": Sight(given=0, waiting=1, held=1, tags=("backorder",), record="1 waiting, no date")},
        )

    def _announce(self) -> None:
        northwind, harbour = self._northwind.witness, self._harbour.witness
        northwind.add_inbound("LANTERN", 60, self._lanterns_due.isoformat(), "PO 2041")
        harbour.add_inbound("JACKET", 12, self._jackets_due.isoformat(), "PO 77")
        self._teller.step(
            "Two purchase orders are entered, so that customers get a date.",
            lambda: {"lanterns": northwind.on_the_way("LANTERN"), "jackets": harbour.on_the_way("JACKET")},
            {"lanterns": [60], "jackets": [12]},
            lambda found: [
                f"{found['lanterns'][0]} lanterns expected on {day(self._lanterns_due)}, "
                f"{found['jackets'][0]} jackets on {day(self._jackets_due)}"
            ],
        )

    def _january(self) -> None:
        people = {5: "Ada Byron", 6: "Ben Okri", 8: "Cleo Marsh"}
        placed = [self._northwind_shop.order("LANTERN", 20, name, self._january_day(n)) for n, name in people.items()]
        self._order_100 = placed[0]
        waits = _held(0, 20, self._lanterns_due + AFTER_ARRIVAL)
        self._teller.orders(
            "Orders of 20 lanterns each, placed on Jan 5, 6 and 8. There are none.",
            {"#100": waits, "#101": waits, "#102": waits},
        )

    def _arrival(self) -> None:
        self._northwind_shop.act("receive_stock", sku="LANTERN", quantity=50)
        waits = self._teller.told["#100"]
        part = _held(10, 10, self._lanterns_due + AFTER_ARRIVAL)
        part = replace(part, mails=(*waits.mails, part.mails[0].replace("waits", "here")))
        self._teller.orders(
            "50 of the 60 lanterns arrive: the oldest orders are served first.",
            {"#100": _whole(waits, 20), "#101": _whole(waits, 20), "#102": part},
        )

    def _cancellation(self) -> None:
        self._northwind_shop.act("cancel_order", order=self._order_100)
        told = self._teller.told
        cancelled = Sight(given=0, waiting=0, mails=(*told["#100"].mails, "cancelled"), cancelled=True)
        self._teller.orders(
            "Order 100 is cancelled. Its units go to the next in line.",
            {"#100": cancelled, "#102": _whole(told["#102"], 20)},
        )

    def _part_in_stock(self) -> None:
        self._first = str(self._harbour_shop.order("JACKET", 5, "Dora Lund"))
        waits = _dated(3, 2, self._jackets_due + AFTER_ARRIVAL)
        self._teller.orders("In the other store: an order of 5 jackets, with 3 in stock.", {self._first: waits})

    def _restock(self) -> None:
        self._harbour_shop.act("set_stock", sku="JACKET", quantity=10)
        self._northwind_shop.act("receive_stock", sku="STOVE", quantity=6)
        told = self._teller.told
        self._teller.orders(
            "A restock in both stores: 6 stoves and 12 jackets (believed after a second look, 2 s later).",
            {
                self._first: replace(_whole(told[self._first], 5), tags=(), shown_date="", notes=2),
                "#99": _whole(told["#99"], 1),
            },
        )

    def _leave_something(self) -> None:
        stoves_due = self._today + timedelta(days=2)
        self._northwind.witness.add_inbound("STOVE", 20, stoves_due.isoformat(), "PO 2046")
        now = datetime.now(UTC)
        self._northwind_shop.order("LANTERN", 15, "Emil Sand", now - timedelta(days=12))
        self._northwind_shop.order("LANTERN", 8, "Gita Rao", now - timedelta(days=5))
        self._northwind_shop.order("STOVE", 9, "Hugo Lenz", now - timedelta(days=3))
        last = str(self._harbour_shop.order("JACKET", 14, "Fay Wong", now - timedelta(days=4)))
        self._teller.orders(
            "A few more orders, from the last two weeks, so that something waits when you look around.",
            {
                "#103": _held(10, 5, self._lanterns_due + AFTER_ARRIVAL),
                "#104": _held(0, 8, None),
                "#105": _held(5, 4, stoves_due + AFTER_ARRIVAL),
                last: _dated(10, 4, None),
            },
        )

    def _at_rest(self) -> None:
        witnesses, told = self._teller.witnesses, self._teller.told
        nothing = dict.fromkeys(("inbox", "dirty", "outbox", "unknown", "quarantined"), 0)
        self._teller.step(
            "All work is done.",
            lambda: {
                "left": [witness.health() for witness in witnesses],
                "mails": len(witnesses[0].mails()),
                "lanterns on the way": witnesses[0].on_the_way("LANTERN"),
                "orders": self._teller.sights(told),
            },
            {
                "left": [nothing, nothing],
                "lanterns on the way": [10],
                "mails": sum(len(sight.mails) for sight in told.values()),
                "orders": {number: asdict(sight) for number, sight in told.items()},
            },
            lambda found: [
                f"nothing is left to do, {found['mails']} mails are in the mailbox, every order is as it was told"
            ],
        )

    def _january_day(self, number: int) -> datetime:
        return datetime(self._year, 1, number, 15, tzinfo=UTC)


def _held(given: int, waiting: int, promised: date | None) -> Sight:
    """A new order with some of its units on hold, as it shows where there are holds and tags."""
    return Sight(
        given=given,
        waiting=waiting,
        held=waiting,
        tags=("backorder", "backorder-partial") if given else ("backorder",),
        record=f"{waiting} waiting, {f'by {promised}' if promised else 'no date'}",
        mails=(_mailed(promised),),
    )


def _dated(given: int, waiting: int, promised: date | None) -> Sight:
    """A new order of which a part waits, as it shows where there are dates and notes."""
    return Sight(
        given=given,
        waiting=waiting,
        record=f"{waiting} waiting, {f'by {promised}' if promised else 'no date'}",
        shown_date=day(promised) if promised else "not known yet",
        notes=1,
        mails=(_mailed(promised),),
    )


def _mailed(promised: date | None) -> str:
    return f"waits, by {day(promised)}" if promised else "waits, date not known"


def _whole(was: Sight, units: int) -> Sight:
    """The order once all its units are there."""
    ready = ("backorder-ready",)
    return replace(was, given=units, waiting=0, held=0, tags=ready, record="ready", mails=(*was.mails, "here"))
