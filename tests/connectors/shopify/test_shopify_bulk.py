"""Every open order by a bulk query: as by their ids, in pieces of any size, and by pages after all where it fails."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from graphql import FieldNode, OperationDefinitionNode, SelectionSetNode, parse
from werkzeug.test import Client

from backorder.domain.errors import PermanentFailure
from backorder.domain.events import StockTouched
from connectors.contract import Bookmark, Page
from connectors.shopify import bulk
from connectors.shopify.bulk_file import BulkFile, NotNow, NoUse
from connectors.shopify.client import Json, document
from connectors.shopify.payloads import gid
from demo.stores.shopify.state import Hold
from demo.stores.wire import Fault, LocalTransport
from tests.connectors.shopify.conftest import Lab

TEXTS = ("open_orders", "open_orders_without_customers")
ENOUGH = "busy 0"
"""The place of a pull that has found enough orders for a bulk query."""


def lists(selection: SelectionSetNode | None, depth: int = 0) -> Iterator[tuple[str, int, bool]]:
    """Every list of `edges` with its depth, and whether the node around what it lists names its id."""
    for node in selection.selections if selection else ():
        assert isinstance(node, FieldNode), "a bulk query is written without fragments"
        inner = {child.name.value: child for child in _fields(node.selection_set)}
        if "edges" in inner:
            (entry,) = _fields(inner["edges"].selection_set)
            names = {child.name.value for child in _fields(entry.selection_set)}
            yield node.name.value, depth, "id" in names
            yield from lists(entry.selection_set, depth + 1)
        else:
            yield from lists(node.selection_set, depth)


def _fields(selection: SelectionSetNode | None) -> list[FieldNode]:
    return [node for node in (selection.selections if selection else ()) if isinstance(node, FieldNode)]


@pytest.mark.parametrize("name", TEXTS)
def test_a_bulk_text_keeps_the_rules_that_only_bulk_queries_have(name: str) -> None:
    (text,) = parse(document(name)).definitions
    assert isinstance(text, OperationDefinitionNode)

    assert (text.operation.value, list(text.variable_definitions or ())) == ("query", [])
    # At most five lists, two deep below the first, none at a node, each around others with its id.
    assert list(lists(text.selection_set)) == [
        ("orders", 0, True),
        ("lineItems", 1, True),
        ("fulfillmentOrders", 1, True),
        ("lineItems", 2, True),
    ]


def test_the_text_without_customers_lacks_nothing_else() -> None:
    whole, without = (document(name).partition("{")[2].splitlines() for name in TEXTS)
    start = whole.index("        customer {")

    assert [*whole[:start], *whole[start + 5 :]] == without


def pull(lab: Lab, place: str = ENOUGH, *, stock: bool = False) -> list[Page]:
    """The pages of a pull from a place on; waits as it is told to."""
    began = lab.clock.now
    pages = []
    lab.clock.later(1)
    for page in lab.client.pull(None, Bookmark(began, place, stock)):
        lab.clock.later(page.wait)
        pages.append(page)
    return pages


def mixed(lab: Lab) -> list[int]:
    """Orders of every sort: plain, held, divided, shipped in part, refunded, edited, unrouted. One that was cancelled
    and one that was shipped owe nothing and are not among them.
    """
    lab.shop.trade.receive_stock("MUG", 50)
    plain, held, divided = lab.order(2, 1, name="Ada Quist", email="ada@example.com"), lab.order(3), lab.order(4, 2)
    for order in (held, divided):
        (work,) = lab.known(order).works
        mine = Hold(900 + order, "waitline-1", by_app=True)
        lab.shop.trade.hold_work(lab.known(order), work, mine, {work.lines[0].id: 1} if order == divided else None)
    shipped, refunded, edited = lab.order(5), lab.order(3), lab.order(2)
    lab.shop.trade.fulfil(shipped, {lab.line(shipped): 2})
    lab.shop.trade.refund(refunded, {lab.line(refunded): 1}, "CANCEL", None)
    lab.shop.trade.add_line(edited, "LAMP", 1)
    lab.shop.trade.cancel_order(lab.order(1))
    lab.shop.trade.fulfil(lab.order(1))
    return [plain, held, divided, shipped, refunded, edited, lab.order(1, route=False)]


def test_a_bulk_query_tells_of_orders_what_reading_them_by_their_ids_tells(lab: Lab) -> None:
    orders = mixed(lab)
    began = lab.clock.now

    pages = pull(lab)
    told = {read.reading.order.id: read for page in pages for read in page.orders}
    by_id = {read.reading.order.id: read for read in lab.client.read_orders(orders).found}

    assert sorted(told) == sorted(orders)
    for order in orders:
        assert told[order].reading.order == by_id[order].reading.order
        assert (told[order].found, told[order].kept, told[order].traces) == (
            by_id[order].found,
            by_id[order].kept,
            by_id[order].traces,
        )
    # What the file tells is as old as the pull; orders with parcels or refunds were read by their ids.
    newer = {order for order in orders if told[order].reading.began > began}
    assert newer == {orders[3], orders[4]}


def test_the_next_pull_begins_no_later_than_the_bulk_query(lab: Lab) -> None:
    old, young = lab.order(1), lab.order(1)
    lab.clock.later(60)
    made = lab.clock.now
    pages = lab.client.pull(None, Bookmark(made, ENOUGH, stock=False))
    next(pages)
    lab.clock.later(30)
    # The shop has not looked at this one yet. At others it may have, so what changes at them now would not be told.
    lab.shop.trade.add_tag(young, "late")
    page = next(pages)

    assert [read.reading.order.id for read in page.orders] == [old, young]
    assert (lab.known(young).updated, page.changed_until) == (made + timedelta(seconds=30), made)


def test_the_pull_goes_on_at_any_place_it_was_left_at(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(page_limit=1)
    orders = [lab.order(1, 1) for _ in range(bulk.ORDERS_A_PAGE + 3)]
    pages = pull(lab, stock=True)
    places = [ENOUGH, *(page.place or "items" for page in pages)]
    for at, place in enumerate(places):
        rest = pull(lab, place, stock=True)
        found = [read.reading.order.id for page in [*pages[:at], *rest] for read in page.orders]
        touched = [event for page in rest for event in page.events]
        # Nothing is lost, and nothing is fetched twice.
        assert (place, found, touched) == (place, orders, [StockTouched(lab.mug), StockTouched(lab.lamp)])
    assert len({place.split()[0] for place in places}) == 3


def shelf_of(status: str, lines: bytes, heard: list[dict[str, object]] | None = None) -> LocalTransport:
    """Where Shopify lays its files, with one file and no knowledge of ranges."""

    def shelf(environ: dict[str, object], start: Callable[..., object]) -> list[bytes]:
        if heard is not None:
            heard.append(environ)
        start(status, [("Content-Type", "application/jsonl")])
        return [lines]

    return LocalTransport({"storage.googleapis.com": shelf})  # type: ignore[dict-item]


SHELF = "https://storage.googleapis.com/bulk/1?Signature=abc"


def test_a_file_is_read_in_pieces_of_any_size_and_by_who_knows_no_ranges(lab: Lab) -> None:
    mixed(lab)
    (place, *_) = [page.place for page in pull(lab) if page.place]
    number = (place or "").split()[1]
    lines = lab.shop.bulks.file(int(number)) or b""
    url = f"https://{lab.shop.domain}/_bulk/{number}.jsonl"

    def read(piece: int, transport: LocalTransport = lab.transport, url: str = url) -> list[tuple[Json, int]]:
        return list(BulkFile(transport, lab.shop.domain, url, len(lines), piece).orders(0))

    whole = read(len(lines))
    assert (len(whole), whole[-1][1]) == (8, len(lines))
    assert read(97) == read(1000) == read(300, shelf_of("200 OK", lines), SHELF) == whole


def test_nothing_of_ours_goes_to_where_the_file_lies(lab: Lab) -> None:
    heard: list[dict[str, object]] = []
    line = b'{"id":"gid://shopify/Order/1"}\n'
    list(BulkFile(shelf_of("206 Partial Content", line, heard), lab.shop.domain, SHELF, len(line)).orders(0))

    assert [sorted(name for name in environ if name.startswith("HTTP_")) for environ in heard] == [
        ["HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_CONNECTION", "HTTP_HOST", "HTTP_RANGE", "HTTP_USER_AGENT"]
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.googleapis.com/a",
        "https://storage.googleapis.com.example/a",
        "https://storage.googleapis.com:8443/a",
        "https://ada@storage.googleapis.com/a",
        "https://other.myshopify.com/a",
        "https://127.0.0.1/a",
    ],
)
def test_an_address_that_is_none_of_shopifys_is_not_asked(lab: Lab, url: str) -> None:
    with pytest.raises(NoUse):
        BulkFile(lab.transport, lab.shop.domain, url, 1)
    assert lab.transport.calls == []


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (b"no json\n", NoUse),
        (b"[1]\n", NoUse),
        (b'{"id":"gid://shopify/LineItem/2","__parentId":"gid://shopify/Order/1"}\n', NoUse),
        (
            b'{"id":"gid://shopify/Order/1"}\n{"id":"gid://shopify/LineItem/2","__parentId":"gid://shopify/Order/9"}\n',
            NoUse,
        ),
        (b"", NotNow),
    ],
)
def test_a_file_that_is_not_what_was_asked_for_is_of_no_use(lab: Lab, lines: bytes, error: type[Exception]) -> None:
    file = BulkFile(shelf_of("206 Partial Content", lines), lab.shop.domain, SHELF, len(lines) or 500)

    with pytest.raises(error):
        list(file.orders(0))


def wait_for_its_file_to_go(lab: Lab) -> None:
    lab.clock.later(10)
    lab.shop.bulks.go_on()
    lab.clock.later(7 * 86400)


def cancel(lab: Lab) -> None:
    number = gid("BulkOperation", max(lab.shop.bulks.all))
    body = {"query": f'mutation {{ bulkOperationCancel(id: "{number}") {{ bulkOperation {{ id }} }} }}'}
    headers = {"X-Shopify-Access-Token": lab.shop.token}
    Client(lab.shop).post("/admin/api/2026-10/graphql.json", headers=headers, json=body)


FAILURES: dict[str, tuple[Callable[[Lab], None], str]] = {
    "failed with a part": (
        lambda lab: lab.shop.bulks.fail_next("TIMEOUT"),
        "Shopify did not finish the list of open orders: FAILED (TIMEOUT).",
    ),
    "cancelled": (cancel, "Shopify did not finish the list of open orders: CANCELED."),
    "expired": (
        wait_for_its_file_to_go,
        "The shop's list is no longer there: Shopify keeps it for seven days.",
    ),
    "too slow": (
        lambda lab: lab.clock.later(7 * 3600),
        "Shopify takes too long to put the list together.",
    ),
    "file lost": (
        lambda lab: lab.transport.fail(Fault.LOST_ANSWER, times=6, concerns=lambda _, url: "_bulk" in url),
        "The shop's list of open orders could not be fetched.",
    ),
    "file gone": (
        lambda lab: lab.transport.answer(403, concerns=lambda _, url: "_bulk" in url),
        "The shop's list is no longer there (403).",
    ),
}


@pytest.mark.parametrize("name", sorted(FAILURES))
def test_a_bulk_query_that_comes_to_nothing_says_why_and_pages_are_read(
    make_lab: Callable[..., Lab], name: str
) -> None:
    lab = make_lab()
    happens, sentence = FAILURES[name]
    orders = [lab.order(1), lab.order(2)]
    if name == "too slow":
        lab.shop.bulks.takes = timedelta(days=1)
    pages = lab.client.pull(None, Bookmark(lab.clock.now, ENOUGH, stock=False))
    first = next(pages)
    happens(lab)
    lab.clock.later(1)
    rest = []
    for page in pages:
        rest.append(page)
        lab.clock.later(page.wait)
    said = [page.said for page in rest if page.said]

    assert (first.place or "").split()[0] == "bulk"
    assert said == [f"{sentence} Open orders are read page by page instead."]
    assert [read.reading.order.id for page in rest for read in page.orders] == orders
    # Whoever comes after a crash goes on with pages, and asks for no bulk query again.
    assert [page.place for page in rest][-2:] == ["pages", f"pages {lab.known(orders[1]).updated:%Y-%m-%dT%H:%M:%SZ}"]


@pytest.mark.parametrize(("seconds", "waits"), [(30, 2), (7200, 5)])
def test_beside_another_bulk_query_of_the_shop_it_waits_its_turn_and_not_for_ever(
    make_lab: Callable[..., Lab], seconds: int, waits: int
) -> None:
    lab = make_lab(bulk_at_once=1)
    order = lab.order(1)
    lab.shop.bulks.takes = timedelta(seconds=seconds)
    next(lab.client.pull(None, Bookmark(lab.clock.now, ENOUGH)))

    pages = pull(lab)

    places = [page.place for page in pages if page.place and page.place.startswith("busy")]
    assert places == [f"busy {times}" for times in range(1, waits + 1)]
    assert [page.said for page in pages if page.said] == (
        []
        if waits < bulk.TRIES
        else [
            "Another bulk query of the shop does not come to its end. Open orders are read page by page instead.",
        ]
    )
    assert [read.reading.order.id for page in pages for read in page.orders] == [order]


def test_a_shop_that_lets_nobody_read_customers_is_read_by_a_bulk_query_too(lab: Lab) -> None:
    order = lab.order(1, name="Ada Quist")
    lab.shop.office.scopes.remove("read_customers")

    pages = pull(lab)

    assert [page.said for page in pages if page.said] == []
    assert [(read.reading.order.id, read.reading.order.customer.tags) for page in pages for read in page.orders] == [
        (order, None)
    ]


def test_few_orders_are_read_by_pages_and_no_bulk_query_is_run(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(page_limit=1)
    orders = [lab.order(1), lab.order(1)]

    pages = pull(lab, "", stock=True)

    assert [read.reading.order.id for page in pages for read in page.orders] == orders
    assert (lab.shop.writes, [page.wait for page in pages]) == ([], [0.0] * len(pages))
    assert [lab.client.reads_at_once(count) for count in (bulk.FEW, bulk.FEW + 1)] == [False, True]


def test_a_refused_bulk_text_is_said_and_pages_are_read(lab: Lab) -> None:
    lab.order(1)
    lab.transport.answer(
        200,
        b'{"data":{"bulkOperationRunQuery":{"bulkOperation":null,"userErrors":[{"field":["query"],"message":'
        b'"Bulk queries cannot contain more than 5 connections.","code":"INVALID"}]}}}',
        concerns=lambda _, url: len(lab.transport.calls) == 2,
    )

    pages = pull(lab)

    assert pages[0].said == (
        "Shopify refused to put the list together: Bulk queries cannot contain more than 5 connections. "
        "Open orders are read page by page instead."
    )
    assert sum(len(page.orders) for page in pages) == 1


def test_access_that_is_lost_meanwhile_is_no_reason_for_pages(lab: Lab) -> None:
    lab.order(1)
    pages = lab.client.pull(None, Bookmark(lab.clock.now, ENOUGH, stock=False))
    next(pages)
    lab.shop.office.give("shpat_new")

    with pytest.raises(PermanentFailure):
        list(pages)
