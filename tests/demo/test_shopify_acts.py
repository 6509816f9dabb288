"""What shoppers, the merchant and apps do to orders of the stand-in Shopify shop, and what becomes of the stock."""

import json
from datetime import timedelta
from typing import Any

import pytest

from demo.stores.shopify.names import gid
from demo.stores.shopify.state import Figures, Hold
from demo.stores.shopify.works import Refused
from tests.demo.shopify_lab import Lab, work_gid

HOLD = """mutation Hold($id: ID!, $hold: FulfillmentOrderHoldInput!) {
  fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) {
    fulfillmentHold { handle } remainingFulfillmentOrder { id } userErrors { code } } }"""
RELEASE = """mutation Release($id: ID!, $holds: [ID!]) {
  fulfillmentOrderReleaseHold(id: $id, holdIds: $holds) { fulfillmentOrder { status } userErrors { code } } }"""


@pytest.fixture
def lab() -> Lab:
    return Lab()


def units(lab: Lab, order: Any) -> list[tuple[str, int, list[int]]]:
    return [(work.status, work.location, [part.remaining for part in work.lines]) for work in order.works]


def test_an_order_has_no_fulfillment_orders_and_commits_nothing_before_it_is_routed(lab: Lab) -> None:
    lab.listen("FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE")
    order = lab.order(2, route=False)
    before = (units(lab, order), lab.figures(lab.mug), lab.topics())

    lab.trade.route_order(order.id)
    lab.trade.route_order(order.id)

    assert before == ([], Figures(5, 0, 5), [])
    assert units(lab, order) == [("OPEN", lab.main, [2])]
    assert (lab.figures(lab.mug), lab.topics()) == (Figures(3, 2, 5), ["fulfillment_orders/order_routing_complete"])


def test_an_order_that_is_edited_or_cancelled_before_it_is_routed_is_routed_as_it_is_then(lab: Lab) -> None:
    edited, cancelled = lab.order(2, route=False), lab.order(2, route=False)
    lab.trade.edit_line(edited.id, edited.lines[0].id, 1)
    lab.trade.cancel_order(cancelled.id)
    for order in (edited, cancelled):
        lab.trade.route_order(order.id)

    assert (units(lab, edited), units(lab, cancelled), cancelled.lines[0].current) == ([("OPEN", lab.main, [1])], [], 0)


def test_lines_may_ship_from_two_locations_with_stock_of_their_own(lab: Lab) -> None:
    lab.trade.receive_stock("LAMP", 4, lab.attic)
    wanted = [{"sku": "MUG", "quantity": 1}, {"sku": "LAMP", "quantity": 3, "location": lab.attic}]
    number = lab.trade.place_order(wanted)

    assert units(lab, lab.shop.shop.orders[number]) == [("OPEN", lab.main, [1]), ("OPEN", lab.attic, [3])]
    assert (lab.figures(lab.lamp), lab.figures(lab.lamp, lab.attic)) == (Figures(1, 0, 1), Figures(1, 3, 4))


def test_another_location_may_take_over_a_part_or_all_of_it(lab: Lab) -> None:
    lab.listen("FULFILLMENT_ORDERS_MOVED", "INVENTORY_LEVELS_CONNECT")
    order = lab.order(3)
    (work,) = order.works
    part = lab.trade.move_work(order, work, lab.attic, {work.lines[0].id: 1})
    half = units(lab, order)
    whole = lab.trade.move_work(order, work, lab.attic)

    assert half == [("OPEN", lab.main, [2]), ("OPEN", lab.attic, [1])]
    assert (part is work, whole is work) == (False, True)
    assert units(lab, order) == [("OPEN", lab.attic, [2]), ("OPEN", lab.attic, [1])]
    assert (lab.figures(lab.mug), lab.figures(lab.mug, lab.attic)) == (Figures(5, 0, 5), Figures(-3, 3, 0))
    assert lab.topics() == ["inventory_levels/connect", "fulfillment_orders/moved", "fulfillment_orders/moved"]


def test_a_held_fulfillment_order_moves_with_its_holds_but_not_in_parts(lab: Lab) -> None:
    order = lab.order(2)
    (work,) = order.works
    lab.trade.hold_work(order, work, Hold(1, "a", True), None)

    with pytest.raises(Refused):
        lab.trade.move_work(order, work, lab.attic, {work.lines[0].id: 1})
    lab.trade.move_work(order, work, lab.attic)

    assert (units(lab, order), len(work.holds)) == ([("ON_HOLD", lab.attic, [2])], 1)


def test_a_shipment_that_began_does_not_move(lab: Lab) -> None:
    order = lab.order(2)
    lab.trade.fulfil(order.id, {order.lines[0].id: 1})

    with pytest.raises(Refused) as refusal:
        lab.trade.move_work(order, order.works[0], lab.attic)
    assert refusal.value.code == "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"


def test_holding_a_part_and_releasing_it_is_told_as_split_hold_release_and_merge(lab: Lab) -> None:
    lab.listen(
        "FULFILLMENT_ORDERS_SPLIT",
        "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
        "FULFILLMENT_HOLDS_ADDED",
        "FULFILLMENT_HOLDS_RELEASED",
        "FULFILLMENT_ORDERS_HOLD_RELEASED",
        "FULFILLMENT_ORDERS_MERGED",
        "ORDERS_UPDATED",
    )
    order = lab.order(3)
    (work,) = order.works
    lab.trade.hold_work(order, work, Hold(1, "a", True), {work.lines[0].id: 2})
    lab.trade.hold_work(order, work, Hold(2, "b", True), None)
    lab.trade.release_work(order, work, [1])
    lab.trade.release_work(order, work, [2])

    assert lab.topics() == [
        *("fulfillment_orders/split", "fulfillment_orders/placed_on_hold", "fulfillment_holds/added", "orders/updated"),
        *("fulfillment_holds/added", "orders/updated"),
        *("fulfillment_holds/released", "orders/updated"),
        *("fulfillment_holds/released", "fulfillment_orders/hold_released", "fulfillment_orders/merged"),
        "orders/updated",
    ]
    assert units(lab, order) == [("OPEN", lab.main, [3]), ("CLOSED", lab.main, [0])]


def test_releasing_a_hold_that_is_not_there_changes_nothing_and_is_not_told(lab: Lab) -> None:
    lab.listen("ORDERS_UPDATED")
    order = lab.order(2)
    lab.ask(RELEASE, id=work_gid(order.works[0]), holds=[gid("FulfillmentHold", 5)])

    assert (lab.topics(), lab.did()) == ([], [])


def test_a_hold_without_a_handle_has_the_empty_one_and_there_is_only_one_of_those(lab: Lab) -> None:
    work = lab.order(2).works[0]
    codes = [
        [error["code"] for error in told["data"]["fulfillmentOrderHold"]["userErrors"]]
        for told in [lab.ask(HOLD, id=work_gid(work), hold={"reason": "OTHER"}) for _ in range(2)]
    ]

    assert codes == [[], ["DUPLICATE_FULFILLMENT_HOLD_HANDLE"]]


def test_holds_of_others_do_not_use_up_our_handles_and_stay_when_ours_is_released(lab: Lab) -> None:
    order = lab.order(2)
    (work,) = order.works
    lab.trade.hold_work(order, work, Hold(7, "ours", False), None)
    told = lab.ask(HOLD, id=work_gid(work), hold={"reason": "OTHER", "handle": "ours"})["data"]
    ours = next(hold for hold in work.holds if hold.by_app)
    released = lab.ask(RELEASE, id=work_gid(work), holds=[gid("FulfillmentHold", ours.id)])["data"]

    assert told["fulfillmentOrderHold"]["userErrors"] == []
    assert released["fulfillmentOrderReleaseHold"] == {"fulfillmentOrder": {"status": "ON_HOLD"}, "userErrors": []}
    assert [(hold.handle, hold.by_app) for hold in work.holds] == [("ours", False)]


def test_a_release_without_ids_takes_off_the_holds_of_others_too(lab: Lab) -> None:
    order = lab.order(2)
    lab.trade.hold_by_hand(order.id)
    lab.ask(RELEASE, id=work_gid(order.works[0]))

    assert units(lab, order) == [("OPEN", lab.main, [2])]


def test_a_shipment_of_more_than_is_free_is_refused_as_a_whole(lab: Lab) -> None:
    order = lab.order(3)
    (work,) = order.works
    lab.trade.hold_work(order, work, Hold(1, "a", True), {work.lines[0].id: 2})

    with pytest.raises(Refused):
        lab.trade.fulfil(order.id, {order.lines[0].id: 2})
    assert (order.shipments, lab.figures(lab.mug)) == ([], Figures(2, 3, 5))


def test_an_added_line_is_a_new_line_of_the_same_goods(lab: Lab) -> None:
    lab.listen("ORDERS_EDITED")
    order = lab.order(2)
    added = lab.trade.add_line(order.id, "MUG", 1)

    assert [(line.id == added, line.current) for line in order.lines] == [(False, 2), (True, 1)]
    assert (units(lab, order), lab.figures(lab.mug)) == ([("OPEN", lab.main, [2, 1])], Figures(2, 3, 5))
    (message,) = lab.shop.outbox.queue
    told = json.loads(message.body)["order_edit"]["line_items"]
    assert told == {"additions": [{"id": added, "delta": 1}], "removals": []}


def test_a_line_is_not_edited_below_what_was_shipped_and_nothing_changes_then(lab: Lab) -> None:
    order = lab.order(3)
    lab.trade.fulfil(order.id, {order.lines[0].id: 2})

    with pytest.raises(Refused):
        lab.trade.edit_line(order.id, order.lines[0].id, 1)
    assert [part.remaining for part in order.works[0].lines] == [1]


@pytest.mark.parametrize(
    ("restock", "count", "owed", "figures"),
    [
        # Of 3 units 1 was shipped: 4 are on the shelf, 2 of them committed.
        ("CANCEL", 2, 0, Figures(4, 0, 4)),
        ("RETURN", 1, 2, Figures(3, 2, 5)),
        ("NO_RESTOCK", 1, 2, Figures(2, 2, 4)),
        ("NO_RESTOCK", 2, 1, Figures(2, 1, 3)),
    ],
)
def test_a_refund_takes_its_units_from_where_its_restock_type_says(
    lab: Lab, restock: str, count: int, owed: int, figures: Figures
) -> None:
    lab.listen("REFUNDS_CREATE", "ORDERS_UPDATED", "INVENTORY_LEVELS_UPDATE")
    order = lab.order(3)
    lab.trade.fulfil(order.id, {order.lines[0].id: 1})
    lab.shop.outbox.queue.clear()

    lab.trade.refund(order.id, {order.lines[0].id: count}, restock)

    assert sum(part.remaining for work in lab.works(order) for part in work.lines) == owed
    assert (lab.figures(lab.mug), order.lines[0].current) == (figures, 3 - count)
    assert lab.topics() == ["refunds/create", "orders/updated", "inventory_levels/update"]


@pytest.mark.parametrize(("restock", "count"), [("CANCEL", 3), ("RETURN", 2), ("NO_RESTOCK", 4), ("CANCEL", 0)])
def test_a_refund_of_more_than_there_is_is_refused_as_a_whole(lab: Lab, restock: str, count: int) -> None:
    order = lab.order(3)
    lab.trade.fulfil(order.id, {order.lines[0].id: 1})

    with pytest.raises(Refused):
        lab.trade.refund(order.id, {order.lines[0].id: count}, restock)
    assert (order.refunds, lab.figures(lab.mug)) == ([], Figures(2, 2, 4))


def test_a_cancelled_order_may_leave_the_shelf_as_if_it_had_been_shipped(lab: Lab) -> None:
    back, gone = lab.order(2), lab.order(2)
    lab.trade.cancel_order(back.id)
    lab.trade.cancel_order(gone.id, restock=False)

    assert lab.figures(lab.mug) == Figures(3, 0, 3)


def test_a_deleted_product_leaves_its_lines_without_a_variant(lab: Lab) -> None:
    lab.listen("PRODUCTS_DELETE", "INVENTORY_ITEMS_DELETE")
    order = lab.order(2)
    lab.trade.delete_product("MUG")

    query = (
        "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { lineItems(first: 5) { nodes { sku variant { id } } } "
    )
    told = lab.ask(query + "} } }", ids=[gid("Order", order.id), gid("InventoryItem", lab.mug)])["data"]["nodes"]
    assert told == [{"lineItems": {"nodes": [{"sku": "MUG", "variant": None}]}}, None]
    assert lab.topics() == ["products/delete", "inventory_items/delete"]


def test_orders_of_the_till_and_of_drafts_have_no_shipping_line_and_tests_are_marked(lab: Lab) -> None:
    lab.listen("ORDERS_CREATE")
    for source, test in (("web", False), ("pos", False), ("shopify_draft_order", True)):
        lab.order(1, source=source, test=test)

    told = [json.loads(message.body) for message in lab.shop.outbox.queue]
    assert [(body["source_name"], len(body["shipping_lines"]), body["test"]) for body in told] == [
        ("web", 1, False),
        ("pos", 0, False),
        ("shopify_draft_order", 0, True),
    ]


def test_without_read_all_orders_an_order_older_than_sixty_days_is_not_there() -> None:
    lab = Lab(read_all_orders=False)
    old = lab.order(1, placed_at=lab.now - timedelta(days=60))
    young = lab.order(1, placed_at=lab.now - timedelta(days=59))
    ids = [gid("Order", old.id), gid("Order", young.id), work_gid(old.works[0]), work_gid(young.works[0])]
    told = lab.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } orders(first: 5) { nodes { id } } }", ids=ids)["data"]

    assert told["nodes"] == [None, {"id": ids[1]}, None, {"id": ids[3]}]
    assert told["orders"]["nodes"] == [{"id": ids[1]}]


def test_tags_are_a_set_whose_letter_case_does_not_count(lab: Lab) -> None:
    order = lab.order(1, tags=["Gift"])
    for name, tags in (("tagsAdd", [" gift ", "backorder"]), ("tagsAdd", ["BACKORDER"]), ("tagsRemove", ["GIFT", "x"])):
        lab.ask(f"mutation($id: ID!, $t: [String!]!) {{ {name}(id: $id, tags: $t) {{ userErrors {{ message }} }} }}",
                id=gid("Order", order.id), t=tags)  # fmt: skip

    assert order.tags == ["backorder"]
    assert lab.did() == [("tagsAdd", "", "backorder"), ("tagsRemove", "", "gift")]


def test_metafields_of_other_apps_are_neither_seen_nor_changed_as_ours(lab: Lab) -> None:
    order = lab.order(1)
    lab.trade.note_at(order.id, "app--1", "backorder", "theirs")
    set_ = """mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
        metafields { namespace value } userErrors { field code } } }"""
    owner = gid("Order", order.id)
    ours = lab.ask(set_, m=[{"ownerId": owner, "key": "backorder", "type": "json", "value": "1"}])["data"]
    again = lab.ask(set_, m=[{"ownerId": owner, "namespace": "$app", "key": "backorder", "value": "1"}])["data"]
    theirs = lab.ask(set_, m=[{"ownerId": owner, "namespace": "app--1", "key": "backorder", "value": "2"}])["data"]

    own = {"metafields": [{"namespace": "app--347082227713", "value": "1"}], "userErrors": []}
    assert (ours["metafieldsSet"], again["metafieldsSet"]) == (own, own)
    assert theirs["metafieldsSet"] == {
        "metafields": [],
        "userErrors": [{"field": ["metafields", "0"], "code": "APP_NOT_AUTHORIZED"}],
    }
    assert (order.metafield, order.metafields["app--1", "backorder"].value) == ("1", "theirs")
    assert lab.did() == [("metafieldsSet", "", "app--347082227713.backorder=1")]


def test_the_journal_has_each_change_of_an_app_once_under_its_own_id_and_none_of_the_merchants(lab: Lab) -> None:
    order = lab.order(3)
    work, line = order.works[0], order.lines[0]
    hold = {
        "reason": "OTHER",
        "handle": "write-1",
        "fulfillmentOrderLineItems": [{"id": gid("FulfillmentOrderLineItem", work.lines[0].id), "quantity": 2}],
    }
    for _ in range(2):
        lab.ask(HOLD, id=work_gid(work), hold=hold)
    lab.trade.hold_by_hand(order.id)
    lab.ask(RELEASE, id=work_gid(work), holds=[gid("FulfillmentHold", work.holds[0].id)])
    lab.trade.add_tag(order.id, "rush")

    assert lab.did() == [
        ("fulfillmentOrderHold", "write-1", f"{line.id}:2"),
        ("fulfillmentOrderReleaseHold", "", "write-1"),
    ]
    assert {effect.target for effect in lab.shop.journal.effects} == {work_gid(work)}


def test_orders_are_found_by_their_goods_and_their_work_however_many_there_are(lab: Lab) -> None:
    orders = [lab.order(1, "LAMP") for _ in range(30)]
    for order in orders[:29]:
        lab.trade.cancel_order(order.id)
    last = orders[29]
    lab.trade.delete_order(last.id)
    fresh = lab.order(2, "LAMP")

    assert lab.figures(lab.lamp) == Figures(-1, 2, 1)
    assert lab.shop.shop.work(fresh.works[0].id) == (fresh, fresh.works[0])
    assert lab.shop.shop.work(last.works[0].id) is None
