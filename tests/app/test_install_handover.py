"""Connecting a shop that hands its key over by itself: named here, asked there, believed once the key has opened it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from app import create_app
from backorder.db import stores
from backorder.db.tables import consents
from backorder.domain.store import Mode, Store
from connectors.woocommerce import answers
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.consent import Visitor
from jobs.sweep import sweep
from jobs.world import World
from tests.app.shop import Clock

HOST = "https://waitline.example"
ADDRESS = "https://shop.example"
UNFIT = "This was not begun in this browser, or it is over: begin again."
OVER = "This took too long: begin again."


class Browsers:
    """A shop, a Waitline, and people's browsers between them. `posted` is what the shop has handed over."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.woo = WooShop(address=ADDRESS, clock=clock, deliver=self._deliver)
        self.transport = LocalTransport({"shop.example": self.woo})
        self.world = replace(world, transport=self.transport)
        self.pages: Flask = create_app(self.world)
        self.posted: list[bytes] = []
        self.hears = True

    def _deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.posted.append(body)
        return self.hand(body, url) if self.hears else 0

    def hand(self, body: bytes, url: str = f"{HOST}/install/woocommerce/callback") -> int:
        """Post a key, as the shop's server does; the status answered."""
        answer = self.pages.test_client().post(
            urlsplit(url).path, data=body, base_url=HOST, content_type="application/json;charset=UTF-8"
        )
        return answer.status_code

    def new(self) -> FlaskClient:
        return self.pages.test_client()

    def begin(self, merchant: FlaskClient, named: str = "shop.example/wp-admin/") -> str:
        """Name the shop; the address there that asks."""
        shown = merchant.post("/install/woocommerce", data={"store": named}, base_url=HOST)
        assert shown.status_code == 200
        [link] = re.findall(r'class="button" href="([^"]*)"', shown.text)
        return unescape(link)

    def approve(self, asks: str) -> TestResponse:
        """Say yes in the shop; where it sends the merchant."""
        parts = urlsplit(asks)
        assert f"{parts.scheme}://{parts.netloc}" == ADDRESS
        page = Client(self.woo).get(f"{parts.path}?{parts.query}", base_url=ADDRESS)
        [form] = re.findall(r'action="([^"]*)"', page.text)
        return Client(self.woo).post(unescape(form), base_url=ADDRESS)

    def deny(self, asks: str) -> str:
        parts = urlsplit(asks)
        page = Client(self.woo).get(f"{parts.path}?{parts.query}", base_url=ADDRESS)
        [link] = re.findall(r'<a href="([^"]*)">Deny', page.text)
        return unescape(link).removeprefix(HOST)

    def there_and_back(self, merchant: FlaskClient) -> str:
        """Begin and say yes; path and query of ours to which the shop sends the merchant."""
        back = self.approve(self.begin(merchant))
        assert back.status_code == 302
        return str(back.headers["Location"]).removeprefix(HOST)

    def known(self) -> list[Store]:
        with self.world.database.read() as conn:
            return stores.everyone(conn)


@pytest.fixture
def here(world: World, clock: Clock) -> Browsers:
    return Browsers(world, clock)


@pytest.fixture
def merchant(here: Browsers) -> FlaskClient:
    return here.new()


def said(answer: TestResponse) -> str:
    """The one sentence of an error page."""
    [sentence] = re.findall(r"<p>(.*?)</p>", answer.text.split("</h1>")[1])
    return unescape(sentence)


def come_back(merchant: FlaskClient, back: str) -> TestResponse:
    return merchant.get(back, base_url=HOST)


def test_a_shop_is_connected_in_watch_mode_and_its_merchant_signed_in(here: Browsers, merchant: FlaskClient) -> None:
    back = here.there_and_back(merchant)
    assert here.known() == []

    assert come_back(merchant, back).headers["Location"] == "/"

    [store] = here.known()
    assert (store.platform, store.address, store.name, store.mode) == (
        "woocommerce",
        ADDRESS,
        "Harbour Outfitters",
        Mode.WATCH,
    )
    assert merchant.get("/", base_url=HOST).status_code == 200
    assert here.world.client(store).describe().currency == "USD"


def test_the_page_asks_for_the_address_and_has_two_names(merchant: FlaskClient) -> None:
    page = merchant.get("/install/woocommerce", base_url=HOST)
    assert page.text.count("The address of your shop, as your browser shows it") == 1
    assert merchant.get("/connect/woocommerce", base_url=HOST).headers["Location"] == "/install/woocommerce"
    assert merchant.get("/connect/nothing", base_url=HOST).status_code == 404


def test_every_connection_has_a_mark_of_its_own(here: Browsers, merchant: FlaskClient) -> None:
    marks = {dict(parse_qsl(urlsplit(here.begin(merchant)).query))["user_id"] for _ in range(3)}
    assert len(marks) == 3


@pytest.mark.parametrize(
    "named", ["", "no shop", "https://a@shop.example", "ftp://shop.example", "http://shop.example"]
)
def test_what_is_no_address_of_a_shop_is_said_beside_the_field(named: str, merchant: FlaskClient) -> None:
    answer = merchant.post("/install/woocommerce", data={"store": named}, base_url=HOST)
    assert (answer.status_code, answer.text.count('id="store-wrong"')) == (400, 1)


def test_another_site_cannot_send_the_form(merchant: FlaskClient) -> None:
    answer = merchant.post(
        "/install/woocommerce",
        data={"store": "shop.example"},
        headers={"Sec-Fetch-Site": "cross-site"},
        base_url=HOST,
    )
    assert answer.status_code == 403


def test_a_way_back_is_gone_only_once(here: Browsers, merchant: FlaskClient) -> None:
    back = here.there_and_back(merchant)
    with merchant.session_transaction(base_url=HOST) as session:
        mark = session["consent"]
    come_back(merchant, back)
    assert said_without_a_store(come_back(merchant, back)) == UNFIT
    with merchant.session_transaction(base_url=HOST) as session:
        session["consent"] = mark
    assert said_without_a_store(come_back(merchant, back)) == OVER
    assert len(here.known()) == 1


def said_without_a_store(answer: TestResponse) -> str:
    assert answer.status_code == 400
    return unescape(re.findall(r"<p>(.*?)</p>", answer.text.split("</h1>")[1])[0])


def test_what_one_browser_began_no_other_finishes(here: Browsers, merchant: FlaskClient) -> None:
    back = here.there_and_back(merchant)
    other = here.new()
    assert said(come_back(other, back)) == UNFIT
    here.begin(other)
    assert said(come_back(other, back)) == UNFIT
    assert here.known() == []
    assert come_back(merchant, back).status_code == 303


def test_a_key_that_is_handed_over_a_second_time_is_refused(here: Browsers, merchant: FlaskClient) -> None:
    back = here.there_and_back(merchant)
    other = {**json.loads(here.posted[0]), "consumer_key": "ck_" + "0" * 40}
    assert [here.hand(here.posted[0]), here.hand(json.dumps(other).encode())] == [400, 400]
    come_back(merchant, back)
    assert here.hand(here.posted[0]) == 400
    [store] = here.known()
    assert here.world.client(store).describe().currency == "USD"


def test_a_key_with_a_mark_that_nobody_has_is_refused_and_the_shop_deletes_it(
    here: Browsers, merchant: FlaskClient
) -> None:
    asks = here.begin(merchant)
    mark = dict(parse_qsl(urlsplit(asks).query))["user_id"]
    answer = here.approve(asks.replace(f"user_id={mark}", "user_id=another"))
    assert (answer.status_code, sorted(here.woo.access.keys)) == (401, ["ck_demo"])
    back = f"/install/woocommerce/callback?state={mark}&success=1"
    assert said(come_back(merchant, back)).startswith("Your shop has not handed over its key: ")
    assert here.known() == []


def test_a_key_that_only_reads_is_refused_and_the_shop_deletes_it(here: Browsers, merchant: FlaskClient) -> None:
    answer = here.approve(here.begin(merchant).replace("scope=read_write", "scope=read"))
    assert (answer.status_code, sorted(here.woo.access.keys)) == (401, ["ck_demo"])
    assert here.known() == []


def test_a_key_that_says_more_than_it_may_is_found_out(here: Browsers, merchant: FlaskClient) -> None:
    back = here.there_and_back(merchant)
    here.woo.access.keys[json.loads(here.posted[0])["consumer_key"]].permissions = "read"
    assert said(come_back(merchant, back)) == answers.READS_ONLY
    assert here.known() == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("consumer_secret", "cs_" + "0" * 40, answers.REFUSED + " It says: Consumer secret is invalid."),
        ("consumer_key", "ck_" + "0" * 40, answers.UNKNOWN_KEY),
    ],
)
def test_a_key_of_another_shop_connects_nothing(
    name: str, value: str, sentence: str, here: Browsers, merchant: FlaskClient
) -> None:
    asks = here.begin(merchant)
    mark = dict(parse_qsl(urlsplit(asks).query))["user_id"]
    posted = {
        "user_id": mark,
        "consumer_key": "ck_demo",
        "consumer_secret": "cs_" + "1" * 40,
        "key_permissions": "read_write",
    }
    here.woo.access.keys["ck_" + "2" * 40] = here.woo.access.keys.pop("ck_demo")
    posted["consumer_key"] = "ck_" + "2" * 40
    assert here.hand(json.dumps({**posted, name: value}).encode()) == 200
    assert said(come_back(merchant, f"/install/woocommerce/callback?state={mark}&success=1")) == sentence
    assert here.known() == []


def test_a_merchant_who_says_no_is_told_that_nothing_was_connected(here: Browsers, merchant: FlaskClient) -> None:
    back = here.deny(here.begin(merchant))
    assert said(come_back(merchant, back)) == "You did not approve it in your shop: nothing was connected."
    assert (here.known(), here.posted) == ([], [])


@pytest.mark.parametrize("visitor", [Visitor.CUSTOMER, Visitor.NOBODY])
def test_only_the_shops_people_can_say_yes(visitor: Visitor, here: Browsers, merchant: FlaskClient) -> None:
    asks = here.begin(merchant)
    here.woo.consent.visitor = visitor
    parts = urlsplit(asks)
    shown = Client(here.woo).get(f"{parts.path}?{parts.query}", base_url=ADDRESS)
    assert shown.status_code == (401 if visitor is Visitor.CUSTOMER else 302)
    assert here.posted == []


def test_a_shop_whose_server_cannot_reach_us_is_said_so(here: Browsers, merchant: FlaskClient) -> None:
    here.hears = False
    asks = here.begin(merchant)
    assert here.approve(asks).status_code == 401
    mark = dict(parse_qsl(urlsplit(asks).query))["user_id"]
    assert said(come_back(merchant, f"/install/woocommerce/callback?state={mark}&success=1")) == (
        "Your shop has not handed over its key: its server may not reach https://waitline.example. Begin again, "
        "or make a key in its settings and have it entered by whoever runs Waitline."
    )


def test_a_shop_that_does_not_answer_is_said_so_and_begun_again(here: Browsers, merchant: FlaskClient) -> None:
    back = here.there_and_back(merchant)
    here.transport.answer(404, b"<html>nothing</html>", [("content-type", "text/html")])
    answer = come_back(merchant, back)
    assert (answer.status_code, said(answer)) == (503, f"{answers.NO_API} Then begin again.")
    assert here.known() == []
    come_back(merchant, here.there_and_back(merchant))
    assert len(here.known()) == 1


def test_a_redirect_names_the_address_to_connect(here: Browsers, merchant: FlaskClient) -> None:
    back = here.there_and_back(merchant)
    here.transport.answer(301, headers=[("location", "https://www.shop.example/wp-json/wc/v3/orders")])
    assert said(come_back(merchant, back)) == answers.REDIRECTS_TO.format(target="https://www.shop.example")


def test_whoever_takes_too_long_begins_again_and_the_key_is_forgotten(
    here: Browsers, merchant: FlaskClient, clock: Clock
) -> None:
    back = here.there_and_back(merchant)
    clock.now += timedelta(minutes=10, seconds=1)
    sweep(here.world)
    with here.world.database.read() as conn:
        assert conn.execute(consents.select()).all() == []
    assert said(come_back(merchant, back)) == OVER


def test_a_key_that_comes_too_late_is_not_kept(here: Browsers, merchant: FlaskClient, clock: Clock) -> None:
    asks = here.begin(merchant)
    clock.now += timedelta(minutes=10, seconds=1)
    assert here.approve(asks).status_code == 401


def test_the_key_lies_sealed_while_the_merchant_is_on_the_way(here: Browsers, merchant: FlaskClient) -> None:
    here.there_and_back(merchant)
    posted = json.loads(here.posted[0])
    with here.world.database.read() as conn:
        [row] = conn.execute(consents.select()).all()
    kept = " ".join(str(value) for value in row)
    assert [posted[name] in kept for name in ("consumer_key", "consumer_secret", "user_id")] == [False, False, False]


@pytest.mark.parametrize("posted", [b"", b"webhook_id=3", b"[]", b"{}", b"\xff", b" " * 5000])
def test_whatever_is_no_key_is_refused(posted: bytes, here: Browsers) -> None:
    assert here.hand(posted) == 400


def test_a_shop_that_is_connected_again_works_on_in_its_mode(here: Browsers, merchant: FlaskClient) -> None:
    come_back(merchant, here.there_and_back(merchant))
    [store] = here.known()
    with here.world.database.write() as conn:
        stores.set_mode(conn, store.id, Mode.ON)
        stores.access_lost(conn, store, "Make a new key.")
    here.woo.access.revoke(json.loads(here.posted[0])["consumer_key"])

    come_back(merchant, here.there_and_back(merchant))

    [again] = here.known()
    assert (again.id, again.mode, again.trouble) == (store.id, Mode.ON, "")
    assert here.world.client(again).describe().currency == "USD"
