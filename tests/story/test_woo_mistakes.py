"""What a first version gets wrong with a real shop: each of the twenty, in a whole Waitline beside a shop that behaves
so. The rules themselves are tested beside the code that keeps them.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from backorder.db import inbox, news, orderbook
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import Ignored, OrderStatus
from backorder.domain.store import Health
from connectors.woocommerce.answers import DEMOTED
from demo.stores.woocommerce.things import Order, Product
from jobs import catch_up
from tests.story.stage import Stage, Woo


class WooStage(Stage):
    """A stage of the shop, with what only it does. `answered`: what our side answers to deliveries, while set."""

    def __init__(self, database_url: str) -> None:
        self.answered: int | None = None
        self.came: list[tuple[str, str, bytes]] = []
        super().__init__("woocommerce", database_url)

    def _carry(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        if self.answered is not None:
            return self.answered
        named = headers.get("X-WC-Webhook-Topic", "ping"), headers.get("X-WC-Webhook-Delivery-ID", "")
        self.came.append((*named, body))
        return super()._carry(url, headers, body)

    @property
    def site(self):  # type: ignore[no-untyped-def]
        assert isinstance(self.shop, Woo)
        return self.shop.app.shop

    def place(self, sku: str, units: int, **how: object) -> Order:
        return self.site.place_order([(sku, Decimal(units))], email="ada@example.com", **how)

    def news(self) -> list[str]:
        """What the merchant is told once."""
        with self.bench.world.database.read() as conn:
            return [one.text for one in news.unseen(conn, self.bench.store_id)]

    def topics(self) -> list[str]:
        return [topic for topic, _, _ in self.came]

    def poll(self) -> None:
        """The regular poll of what changed, without the daily sweep."""
        catch_up.catch_up(self.bench.world, self.bench.store_id)
        self.bench.work_off()

    def lines_of(self, order: int) -> list[tuple[int, Ignored | None]]:
        with self.bench.world.database.read() as conn:
            known = orderbook.load(conn, self.bench.store_id, [order])[order].order
        return [(int(line.outstanding), line.ignored) for line in known.lines]

    def status_of(self, order: int) -> OrderStatus | None:
        with self.bench.world.database.read() as conn:
            known = orderbook.load(conn, self.bench.store_id, [order]).get(order)
        return known.order.status if known else None


@pytest.fixture
def stage(database_url: str) -> Iterator[WooStage]:
    found = WooStage(database_url)
    found.open()
    found.shop.stock("MUG", 0)
    found.settle()
    yield found
    found.bench.close()


def test_01_one_delivery_id_on_several_deliveries_loses_no_order(stage: WooStage) -> None:
    orders = [stage.place("MUG", 1).id for _ in range(3)]
    stage.settle()

    ids = [number for topic, number, _ in stage.came if topic == "order.created"]
    assert (len(ids), len(set(ids))) == (3, 1)
    assert stage.has(*orders) == [(0, 1)] * 3


def test_02_an_event_whose_delivery_failed_is_found_by_the_poll(stage: WooStage) -> None:
    stage.answered = 500
    order = stage.place("MUG", 2).id
    stage.settle()
    stage.answered = None
    stage.settle()
    assert stage.status_of(order) is None

    stage.poll()

    assert stage.has(order) == [(0, 2)]


def test_03_a_webhook_that_was_disabled_is_made_anew_and_the_gap_is_read(stage: WooStage) -> None:
    stage.answered = 500
    gap = [stage.place("MUG", 1).id for _ in range(8)]
    stage.settle()
    disabled = sorted(hook.id for hook in stage.site.hooks.webhooks.values() if hook.status == "disabled")
    stage.answered = None
    assert (len(disabled), stage.site.hooks.webhooks[disabled[0]].failures) == (2, 6)

    stage.bench.subscribe()
    stage.bench.work_off()

    hooks = stage.site.hooks.webhooks
    assert [number in hooks for number in disabled] == [False, False]
    assert [(hook.status, hook.failures) for hook in hooks.values() if hook.topic.startswith("order.")] == [
        ("active", 0)
    ] * 4
    assert stage.has(*gap) == [(0, 1)] * 8
    assert stage.news() == [
        "Your store stopped telling us some of what changes at some time after 2026-01-08 12:00 UTC. Removed the "
        "webhook for order.created: the store switched it off after calls that failed. Removed the webhook for "
        "order.updated: the store switched it off after calls that failed. Created the webhook for order.created. And "
        "1 more."
    ]


def test_04_a_redirect_that_swallowed_events_is_made_up_for_and_ours_redirect_never(stage: WooStage) -> None:
    stage.answered = 301
    order = stage.place("MUG", 2).id
    stage.settle()
    stage.answered = None
    assert {hook.status for hook in stage.site.hooks.webhooks.values()} == {"active"}

    stage.poll()

    assert stage.has(order) == [(0, 2)]
    paths = [urlsplit(hook.url).path for hook in stage.site.hooks.webhooks.values()]
    ping = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [stage.bench.post(f"{path}{end}", ping, b"webhook_id=7") for path in paths for end in ("", "/")]
    assert answers == [200] * 16


def test_05_a_signature_is_good_on_its_own_topic_only_and_the_ping_without_one_does_nothing(stage: WooStage) -> None:
    order = stage.place("MUG", 2).id
    stage.settle()
    sent = next(one for one in stage.site.hooks.sent if one.topic == "order.updated")
    elsewhere = urlsplit(sent.url).path.replace("order.updated", "order.deleted")
    moved = {**sent.headers, "X-WC-Webhook-Topic": "order.deleted"}

    assert stage.bench.post(elsewhere, moved, sent.body) == 401
    assert stage.bench.post(elsewhere, {"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=1") == 200
    stage.settle()
    assert stage.has(order) == [(0, 2)]


def test_06_a_body_that_tells_of_a_later_moment_than_its_event_is_read_for_what_it_is(stage: WooStage) -> None:
    cancelled, trashed = stage.place("MUG", 2), stage.place("MUG", 3)
    stage.site.set_status(cancelled, "cancelled")
    stage.site.trash_order(trashed)
    burst = [stage.place("MUG", 1).id for _ in range(4)]
    stage.settle()

    assert stage.topics().count("product.updated") == 1
    assert stage.has(*burst) == [(0, 1)] * 4
    assert (stage.status_of(cancelled.id), stage.status_of(trashed.id)) == (OrderStatus.CANCELLED, None)


def test_07_an_update_that_comes_before_its_creation_introduces_the_order(stage: WooStage) -> None:
    order = stage.place("MUG", 2, via="store-api").id
    stage.settle()

    told = [topic for topic in stage.topics() if topic.startswith("order.")]
    assert told[:2] == ["order.updated", "order.created"]
    assert stage.has(order) == [(0, 2)]


def test_08_a_signed_error_body_finds_the_deleted_order_and_the_lost_rights(stage: WooStage) -> None:
    older, younger = stage.place("MUG", 2), stage.place("MUG", 1)
    stage.settle()
    stage.site.touch(older)
    stage.site.hooks.fire("order.updated", older.id)
    stage.site.delete_order(older)
    stage.settle()
    assert (stage.status_of(older.id), stage.has(younger.id)) == (OrderStatus.GONE, [(0, 1)])

    stage.site.owner_demoted = True
    stage.site.hooks.fire("order.updated", younger.id)
    stage.settle()

    assert (stage.bench.store.health, stage.bench.store.trouble) == (Health.ACCESS_LOST, DEMOTED)
    with stage.bench.world.database.read() as conn:
        assert set(inbox.counts(conn, stage.bench.store_id)) == {WorkState.DONE}


def test_09_what_no_webhook_tells_is_found_by_asking_for_each_order(stage: WooStage) -> None:
    older, younger = stage.place("MUG", 2), stage.place("MUG", 1)
    stage.settle()
    said = len(stage.came)
    stage.site.delete_order(older)
    stage.settle()
    assert (len(stage.came), stage.status_of(older.id)) == (said, OrderStatus.OPEN)

    stage.bench.catch_up()

    assert (stage.status_of(older.id), stage.has(younger.id)) == (OrderStatus.GONE, [(0, 1)])


def test_10_a_line_waits_by_the_stock_and_not_by_the_shops_label(stage: WooStage) -> None:
    order = stage.place("MUG", 2, via="rest-api")
    stage.settle()

    assert [meta.key for meta in order.lines[0].meta if meta.key == "Backordered"] == []
    assert stage.has(order.id) == [(0, 2)]


@pytest.mark.parametrize(("how", "given"), [("cancelled", 1), ("failed", 0), ("refunded", 0), ("trash", 0)])
def test_11_units_of_a_closed_order_come_back_only_where_the_shop_gives_them_back(
    stage: WooStage, how: str, given: int
) -> None:
    stage.site.set_stock("MUG", Decimal(1))
    first, second = stage.place("MUG", 1), stage.place("MUG", 1)
    stage.settle()
    assert stage.has(first.id, second.id) == [(1, 0), (0, 1)]

    if how == "trash":
        stage.site.trash_order(first)
    else:
        stage.site.set_status(first, how)
    stage.settle()
    stage.wait(300)
    stage.settle()

    assert stage.has(second.id) == [(given, 1 - given)]


def test_12_an_order_by_rest_past_every_rule_of_the_shop_waits_like_any_other(stage: WooStage) -> None:
    stage.site.add_product("Last One", "LAST", Decimal(0), backorders="no")
    order = stage.place("LAST", 3, via="rest-api").id
    stage.settle()

    assert (stage.site.by_sku("LAST").stock, stage.has(order)) == (-3, [(0, 3)])


def whole_life(stage: WooStage) -> list[Order]:
    """An order on hold and one paid wait, goods come, one is sent and one cancelled."""
    tee = stage.site.add_product("Tee", "TEE", Decimal(0), variable=True, backorders="notify")
    stage.site.add_product("L", "TEE-L", None, parent=tee.id, counted_by_parent=True)
    orders = [stage.place("MUG", 3, status="on-hold"), stage.place("MUG", 2), stage.place("TEE-L", 2)]
    stage.settle()
    stage.shop.receive("MUG", 4)
    stage.shop.receive("TEE", 1)
    stage.settle()
    stage.site.set_status(orders[1], "cancelled")
    stage.settle()
    return orders


def test_13_nothing_is_written_by_batch(stage: WooStage) -> None:
    whole_life(stage)

    batches = [
        url for method, url in stage.transport.calls if method != "GET" and urlsplit(url).path.endswith("/batch")
    ]
    # What is left is the empty batch that proves the key: it names no order and no word.
    assert {urlsplit(url).path for url in batches} == {"/wp-json/wc/v3/orders/batch"}
    assert [effect.kind for effect in stage.site.journal.effects if "batch" in effect.operation] == []


def test_14_no_order_is_paid_or_moved_to_another_status_by_us(stage: WooStage) -> None:
    orders = whole_life(stage)

    assert [(order.status, order.paid is None) for order in orders] == [
        ("on-hold", True),
        ("cancelled", False),
        ("processing", False),
    ]


def test_15_stock_is_never_written(stage: WooStage) -> None:
    whole_life(stage)

    writes = [urlsplit(url).path for method, url in stage.transport.calls if method != "GET"]
    assert [path for path in writes if "/products" in path or "/variations" in path] == []


def test_16_a_variation_that_its_parent_counts_is_given_of_its_parents_number(stage: WooStage) -> None:
    orders = whole_life(stage)
    variation = stage.site.by_sku("TEE-L")
    variation.stock = Decimal(99)

    stage.bench.catch_up()

    assert stage.has(orders[2].id) == [(1, 1)]


def test_17_our_own_write_comes_back_and_is_not_written_again(stage: WooStage) -> None:
    order = stage.place("MUG", 2).id
    stage.settle()
    writes = stage.writes()
    stage.place("MUG", 1, status="pending")
    stage.site.touch(stage.site.orders[order])
    stage.site.hooks.fire("order.updated", order)
    stage.settle()
    stage.poll()

    puts = [url for method, url in stage.transport.calls if method == "PUT"]
    assert ([urlsplit(url).path.rpartition("/")[2] for url in puts], stage.writes()) == ([str(order)], writes)


def test_18_lines_of_a_deleted_variation_are_not_of_its_parents_stock(stage: WooStage) -> None:
    tee: Product = stage.site.add_product("Tee", "TEE", Decimal(5), variable=True)
    stage.site.add_product("S", "TEE-S", Decimal(0), parent=tee.id, backorders="notify")
    variation, product = stage.place("TEE-S", 2), stage.place("MUG", 1)
    stage.settle()
    assert stage.has(variation.id) == [(0, 2)]

    stage.site.delete_product(stage.site.by_sku("TEE-S"))
    stage.site.delete_product(stage.site.by_sku("MUG"))
    stage.bench.catch_up()

    assert stage.lines_of(variation.id) == [(0, Ignored.VARIANT_GONE)]
    assert stage.lines_of(product.id) == [(0, Ignored.PRODUCT_GONE)]


def test_19_a_checkout_in_progress_is_no_order(stage: WooStage) -> None:
    draft = stage.place("MUG", 2, status="checkout-draft")
    stage.settle()
    stage.poll()

    assert (stage.topics().count("order.updated"), stage.status_of(draft.id)) == (1, None)


def test_20_every_question_about_time_is_asked_in_gmt(stage: WooStage) -> None:
    first = stage.place("MUG", 1).id
    stage.settle()
    stage.poll()
    stage.lose("order", "product")
    order = stage.place("MUG", 2).id
    stage.settle()
    stage.poll()

    asked = [parse_qs(urlsplit(url).query) for _, url in stage.transport.calls if "modified_after" in url]
    assert stage.site.zone.key == "America/Los_Angeles"
    assert [query["dates_are_gmt"] for query in asked] == [["true"]] * len(asked)
    assert (len(asked) > 0, stage.has(first, order)) == (True, [(0, 1), (0, 2)])
