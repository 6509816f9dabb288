"""The rules by which WooCommerce's words become ours."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from backorder.domain.actions import LineDate, Shown, StoreSide
from backorder.domain.orders import Ignored, OrderLine, OrderStatus, Part
from backorder.domain.supply import Item, Pool, Stock
from connectors.woocommerce import ours, translate
from connectors.woocommerce.payloads import Fulfilment, OrderBody, ProductBody, Refund

MUG = ProductBody(id=11, name="Trail Mug", type="simple", sku="MUG", manage_stock=True, stock_quantity=Decimal(-1))
TEE = ProductBody(id=15, name="Logo Tee", type="variable", manage_stock=True, stock_quantity=Decimal(4))
TEE_L = ProductBody(id=18, name="L", type="variation", parent_id=15, manage_stock="parent", stock_quantity=Decimal(9))
POSTER = ProductBody(id=14, name="Poster", type="simple", manage_stock=False)


def line(product: int = 11, variation: int = 0, quantity: Any = 4, reduced: Any = "4", **more: Any) -> dict[str, Any]:
    meta = [{"id": 20, "key": "_reduced_stock", "value": reduced}] if reduced is not None else []
    ids = {"id": 2, "product_id": product, "variation_id": variation}
    return {**ids, "quantity": quantity, "meta_data": meta, "price": 18.5, **more}


def body(*lines: dict[str, Any], status: str = "processing", **more: Any) -> OrderBody:
    dates = {"date_created_gmt": "2027-01-04T09:00:00", "date_modified_gmt": "2027-01-05T10:00:00"}
    return OrderBody.model_validate({"id": 20, "status": status, **dates, "line_items": list(lines), **more})


def read_line(
    told: dict[str, Any],
    *products: ProductBody,
    status: str = "processing",
    refunds: tuple[Refund, ...] = (),
    parcels: tuple[Fulfilment, ...] = (),
) -> OrderLine:
    known = {product.id: product for product in products}
    return translate.order(body(told, status=status), translate.beside(refunds, parcels), known).lines[0]


def refund(units: Any, line_id: int = 2) -> Refund:
    of = {"id": 9, "key": "_refunded_item_id", "value": str(line_id)}
    return Refund.model_validate({"line_items": [{"quantity": units, "meta_data": [of]}]})


def parcel(units: Any, *, sent: bool = True, line_id: int = 2) -> Fulfilment:
    items = {"id": 1, "key": "_items", "value": [{"item_id": line_id, "qty": units}]}
    return Fulfilment.model_validate({"is_fulfilled": sent, "meta_data": [items]})


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("processing", OrderStatus.OPEN),
        ("on-hold", OrderStatus.OPEN),
        ("pending", OrderStatus.OPEN),
        ("wc-waiting-for-clay", OrderStatus.OPEN),
        ("completed", OrderStatus.CLOSED),
        ("cancelled", OrderStatus.CANCELLED),
        ("refunded", OrderStatus.CANCELLED),
        ("failed", OrderStatus.CANCELLED),
        ("trash", OrderStatus.GONE),
    ],
)
def test_every_status_has_one_meaning(word: str, status: OrderStatus) -> None:
    assert translate.status(word) is status


def test_an_open_line_is_owed_from_its_products_pool() -> None:
    assert read_line(line(), MUG).parts == (Part(Pool(11), Decimal(4)),)


def test_a_variation_without_stock_of_its_own_is_owed_from_its_parents_pool() -> None:
    assert read_line(line(15, 18), TEE_L).parts == (Part(Pool(15), Decimal(4)),)


@pytest.mark.parametrize(
    ("told", "products", "why"),
    [
        (line(14), [POSTER], Ignored.UNTRACKED),
        (line(0), [], Ignored.PRODUCT_GONE),
        (line(11), [], Ignored.PRODUCT_GONE),
        (line(15, 18), [TEE], Ignored.VARIANT_GONE),
        (line(15, 0), [TEE], Ignored.VARIANT_GONE),
        (line(reduced=None), [MUG], Ignored.NOT_TAKEN),
        (line(reduced="0"), [MUG], Ignored.NOT_TAKEN),
    ],
)
def test_a_line_without_a_pool_is_shown_apart(told: dict[str, Any], products: list[ProductBody], why: Ignored) -> None:
    read = read_line(told, *products)

    assert (read.ignored, read.parts) == (why, ())


@pytest.mark.parametrize("word", ["pending", "checkout-draft"])
def test_before_the_payment_no_stock_is_taken(word: str) -> None:
    assert read_line(line(), MUG, status=word).ignored is Ignored.NOT_TAKEN


def test_refunded_and_sent_units_are_not_owed() -> None:
    read = read_line(line(quantity=5), MUG, refunds=(refund(-1),), parcels=(parcel(2),))

    assert (read.ordered, read.cancelled, read.shipped, read.outstanding) == (5, 1, 2, 2)


def test_a_refund_without_restock_counts_although_the_line_says_nothing_of_it() -> None:
    assert read_line(line(quantity=2, reduced="2"), MUG, refunds=(refund(-1),)).outstanding == 1


def test_a_draft_of_a_parcel_sends_nothing() -> None:
    assert read_line(line(), MUG, parcels=(parcel(3, sent=False),)).outstanding == 4


def test_a_parcel_with_more_than_was_ordered_sends_what_was_ordered() -> None:
    read = read_line(line(), MUG, refunds=(refund(-1),), parcels=(parcel(99),))

    assert (read.cancelled, read.shipped, read.outstanding) == (1, 3, 0)


def test_a_parcel_with_nonsense_in_it_sends_nothing() -> None:
    nonsense = Fulfilment.model_validate(
        {"is_fulfilled": True, "meta_data": [{"id": 1, "key": "_items", "value": "two"}]}
    )

    assert read_line(line(), MUG, parcels=(nonsense,)).outstanding == 4


def test_a_refund_of_an_amount_has_no_units() -> None:
    assert read_line(line(), MUG, refunds=(Refund(),)).outstanding == 4


def test_a_wholly_refunded_line_of_an_open_order_is_cancelled_not_ignored() -> None:
    read = read_line(line(reduced=None), MUG, refunds=(refund(-4),))

    assert (read.cancelled, read.ignored, read.parts) == (4, None, ())


def test_the_rest_of_a_completed_order_is_shipped() -> None:
    read = read_line(line(), status="completed", refunds=(refund(-1),))

    assert (read.cancelled, read.shipped, read.parts) == (1, 3, ())


def test_the_rest_of_a_cancelled_order_is_cancelled() -> None:
    read = read_line(line(), status="cancelled", parcels=(parcel(1),))

    assert (read.cancelled, read.shipped, read.parts) == (3, 1, ())


@pytest.mark.parametrize("word", ["failed", "refunded", "trash"])
def test_what_the_shop_took_and_keeps_of_a_closed_order_is_told(word: str) -> None:
    assert read_line(line(), status=word).unreturned == 4


def test_what_a_cancelled_order_gave_back_is_not_kept() -> None:
    assert read_line(line(reduced=None), status="cancelled").unreturned == 0


def test_what_left_before_the_order_was_closed_is_not_kept() -> None:
    assert read_line(line(), status="refunded", parcels=(parcel(3),)).unreturned == 1


def test_a_refund_without_restock_is_kept_and_one_with_it_is_not() -> None:
    kept = read_line(line(), MUG, refunds=(refund(-1),))
    back = read_line(line(reduced="3"), MUG, refunds=(refund(-1),))

    assert [(read.outstanding, read.unreturned) for read in (kept, back)] == [(3, 1), (3, 0)]


def test_a_refund_of_what_had_left_keeps_nothing() -> None:
    assert read_line(line(), MUG, refunds=(refund(-1),), parcels=(parcel(4),)).unreturned == 0


def test_a_line_that_lost_its_fraction_shows_what_it_took_beyond() -> None:
    read = read_line(line(quantity=3, reduced="3.75"), MUG)

    assert (read.outstanding, read.unreturned) == (3, Decimal("0.75"))


def test_quantities_may_have_fractions() -> None:
    assert read_line(line(quantity=3.75, reduced="3.75"), MUG, refunds=(refund(-1.25),)).outstanding == Decimal("2.5")


@pytest.mark.parametrize(
    ("word", "paid_at", "paid"),
    [
        ("processing", None, True),
        ("completed", None, True),
        ("on-hold", None, False),
        ("on-hold", "2027-01-04T10:00:00", True),
    ],
)
def test_an_order_is_paid_when_the_shop_says_so(word: str, paid_at: str | None, paid: bool) -> None:
    assert translate.told(body(status=word, date_paid_gmt=paid_at)).paid is paid


def test_the_order_is_dated_in_utc_and_named_by_its_number() -> None:
    order = translate.told(
        body(number="A-20", billing={"first_name": "Dana", "last_name": "Ruiz", "email": "d@x.example"})
    )

    assert (order.number, order.placed_at, order.changed_at) == (
        "A-20",
        datetime(2027, 1, 4, 9, 0, tzinfo=UTC),
        datetime(2027, 1, 5, 10, 0, tzinfo=UTC),
    )
    assert (order.customer.id, order.customer.name, order.customer.email) == (None, "Dana Ruiz", "d@x.example")


def test_a_body_names_no_pool() -> None:
    assert translate.told(body(line())).lines[0].parts == (Part(None, Decimal(4)),)


def test_the_number_of_a_variation_that_inherits_is_never_used() -> None:
    assert translate.item(TEE_L, TEE) == Item(18, title="Logo Tee - L", counted_at=15)
    assert translate.stock(TEE) == Stock(Pool(15), available=Decimal(4))


SHOWN = Shown("waiting", Decimal("2.5"), date(2027, 1, 10), date(2027, 1, 12))


def test_a_first_record_is_one_write_with_everything_in_it() -> None:
    desired = StoreSide(shown=SHOWN, line_dates=(LineDate(2, date(2027, 1, 12)),))

    assert ours.difference(body(line()), desired, "k-1") == {
        "meta_data": [
            {
                "key": "_backorder_manager",
                "value": {
                    "version": 1,
                    "state": "waiting",
                    "waiting": "2.5",
                    "from": "2027-01-10",
                    "to": "2027-01-12",
                    "label": "Expected to ship",
                    "hash": "19b2cb008bdf36d1",
                    "key": "k-1",
                },
            }
        ],
        "line_items": [{"id": 2, "meta_data": [{"key": "Expected to ship", "value": "12 January 2027"}]}],
    }


def written(desired: StoreSide) -> OrderBody:
    """The order after `desired` was written on it."""
    changes = ours.difference(body(line()), desired, "k-1")
    meta = [{"id": 44, **entry} for entry in changes.get("meta_data", [])]
    lines = [line(meta_data=[{"id": 45, **entry} for entry in change["meta_data"]]) for change in changes["line_items"]]
    return body(*lines, meta_data=meta)


@pytest.mark.parametrize("late", [date(2027, 1, 12), date(2027, 12, 1), None])
def test_what_was_written_is_found_again(late: date | None) -> None:
    desired = StoreSide(shown=SHOWN, line_dates=(LineDate(2, late),))

    assert ours.found(written(desired)) == desired


def test_what_is_there_already_is_not_written_again_whatever_the_key() -> None:
    desired = StoreSide(shown=SHOWN, line_dates=(LineDate(2, None),))

    assert ours.difference(written(desired), desired, "k-2") == {}


def test_what_is_no_longer_true_is_removed_by_its_id() -> None:
    there = written(StoreSide(shown=SHOWN, line_dates=(LineDate(2, None),)))

    assert ours.difference(there, StoreSide(), "k-2") == {
        "meta_data": [{"id": 44, "key": "_backorder_manager", "value": None}],
        "line_items": [{"id": 2, "meta_data": [{"id": 45, "key": "Expected to ship", "value": None}]}],
    }


def test_the_day_is_called_as_the_merchant_wants_and_stands_there_once() -> None:
    german = StoreSide(shown=SHOWN, line_dates=(LineDate(2, date(2027, 1, 12), "Voraussichtlich"),))
    there = written(StoreSide(shown=SHOWN, line_dates=(LineDate(2, date(2027, 1, 12)),)))

    changes = ours.difference(there, german, "k-2")

    assert changes["line_items"] == [
        {
            "id": 2,
            "meta_data": [
                {"id": 45, "key": "Expected to ship", "value": None},
                {"key": "Voraussichtlich", "value": "12 January 2027"},
            ],
        }
    ]
    assert changes["meta_data"][0]["value"]["label"] == "Voraussichtlich"
    assert ours.found(written(german)) == german


def test_what_somebody_else_keeps_under_that_name_stays() -> None:
    taken = body(line(meta_data=[{"id": 45, "key": "Size", "value": "XL"}]))

    changes = ours.difference(taken, StoreSide(shown=SHOWN, line_dates=(LineDate(2, None, "Size"),)), "k-1")

    assert sorted(changes) == ["meta_data"]


def test_a_record_that_somebody_edited_is_written_anew() -> None:
    there = written(StoreSide(shown=SHOWN, line_dates=(LineDate(2, None),)))
    value = {**there.meta_data[0].value, "waiting": "1"}

    assert ours.found(body(line(), meta_data=[{"id": 44, "key": "_backorder_manager", "value": value}])).shown is None


def test_a_line_that_the_order_no_longer_has_is_not_named() -> None:
    assert ours.difference(body(line()), StoreSide(line_dates=(LineDate(99, None),)), "k-1") == {}


@pytest.mark.parametrize("value", [None, "text", {"v": 1}, {"version": 1}, {"version": 1, "waiting": "many"}])
def test_a_record_in_another_form_is_not_ours(value: object) -> None:
    meta = [{"id": 44, "key": "_backorder_manager", "value": value}]

    assert ours.found(body(line(), meta_data=meta)) == StoreSide()


@pytest.mark.parametrize("text", ["soon", "2027-01-12", "31 February 2027", "12 Januar 2027", ""])
def test_a_day_that_somebody_typed_is_not_ours(text: str) -> None:
    meta = [{"id": 45, "key": "Expected to ship", "value": text}]

    assert ours.found(body(line(meta_data=meta))) == StoreSide()


def test_a_marker_does_not_find_the_note_of_a_longer_one() -> None:
    assert ours.carries(ours.note("Two are waiting.", "wl-12"), "wl-1") is False
