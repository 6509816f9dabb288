"""Access that ends: renewed early and once, never lost on the way, and what happens when it cannot be renewed."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from backorder.db import leases, stores
from backorder.domain.errors import AccessLost, TemporaryFailure
from backorder.domain.store import Health, Store
from connectors.joining import Credentials
from connectors.shopify import tokens
from connectors.shopify.scopes import OPTIONAL
from demo.replay.bench import Bench
from demo.stores.shopify import ShopifyShop
from demo.stores.wire import Fault, LocalTransport
from jobs.catch_up import audit, catch_up
from jobs.connect import remember
from jobs.keys import EARLY, UNUSED
from jobs.renew import renew
from jobs.sweep import due

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
SECRET = "a client secret that only these tests know"
SETTINGS = {tokens.CLIENT_ID_SETTING: "the-app", tokens.SECRETS_SETTING: SECRET}
REFRESH = "refresh_token"
UNAUTHORISED = b'{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}'


def for_tokens(method: str, url: str) -> bool:
    return method == "POST" and urlsplit(url).path == "/admin/oauth/access_token"


def for_the_api(method: str, url: str) -> bool:
    return method == "POST" and urlsplit(url).path.endswith("/graphql.json")


class House:
    """A shop that gives tokens for an hour, and a Waitline that was let in by its merchant."""

    def __init__(self, database_url: str) -> None:
        self.shop = ShopifyShop(
            clock=lambda: self.bench.now, deliver=lambda *_: 200, client_id="the-app", secret=SECRET
        )
        self.office = self.shop.office
        self.transport = LocalTransport({self.shop.domain: self.shop})
        self.bench = Bench(self.transport, START, database_url)
        config = self.bench.world.config.model_copy(update={"environ": SETTINGS})
        self.world = replace(self.bench.world, config=config)
        given = tokens.exchange(self.shop.domain, self.office.id_token(datetime.now(UTC)), self.world.wire)
        self.id = remember(self.world, "shopify", self.shop.domain, given).id

    @property
    def store(self) -> Store:
        with self.world.database.read() as conn:
            return stores.get(conn, self.id)

    @property
    def held(self) -> Credentials:
        """What is in the store's row."""
        with self.world.database.read() as conn:
            return self.world.sealer.open(stores.credentials(conn, self.id))

    @property
    def refreshes(self) -> int:
        """How often a refresh was asked for and answered by the shop."""
        return self.office.grants.count(REFRESH)

    def later(self, by: timedelta) -> None:
        self.bench.move_to(self.bench.now + by)

    def call(self) -> str:
        """Open a client and ask something; what the shop answered."""
        return self.world.client(self.store).describe().name

    def rung(self) -> set[str]:
        """The jobs that the clock would ring for, without the one that asks no store anything."""
        return {ring[1] for ring in due(self.world)} - {"judge"}


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    made = House(database_url)
    yield made
    made.bench.close()


def test_both_tokens_and_both_ends_are_sealed_together(house: House) -> None:
    assert sorted(house.held) == ["access_token", "expires_at", "refresh_expires_at", "refresh_token", "scope"]
    life = house.world.keys.life(house.store)
    now = house.bench.now
    assert life.until is not None
    assert life.renewable_until is not None
    assert now + timedelta(minutes=59) < life.until <= now + timedelta(hours=1)
    assert now + timedelta(days=89) < life.renewable_until <= now + timedelta(days=90)
    with house.world.database.read() as conn:
        assert house.held["access_token"] not in stores.credentials(conn, house.id)


def test_a_token_is_renewed_five_minutes_before_it_ends(house: House) -> None:
    first = house.held
    house.later(timedelta(hours=1) - EARLY - timedelta(minutes=1))
    assert (house.call(), house.refreshes) == ("Lab Goods", 0)

    house.later(timedelta(minutes=1))
    assert (house.call(), house.refreshes) == ("Lab Goods", 1)
    assert house.held["access_token"] != first["access_token"]
    assert house.held["refresh_token"] != first["refresh_token"]

    assert (house.call(), house.refreshes) == ("Lab Goods", 1)


def test_a_token_that_the_shop_refuses_is_renewed_once_and_the_call_repeated(house: House) -> None:
    client = house.world.client(house.store)
    house.office.open_tokens.clear()

    assert client.describe().name == "Lab Goods"
    assert house.refreshes == 1
    assert house.store.health is Health.GOOD


def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed_again_and_again(house: House) -> None:
    client = house.world.client(house.store)
    for hour in range(1, 4):
        house.later(timedelta(hours=1))
        assert (client.describe().name, house.refreshes) == ("Lab Goods", hour)


def test_a_write_that_was_refused_is_made_once_under_the_new_token(house: House) -> None:
    client = house.world.client(house.store)
    house.office.open_tokens.clear()

    client.subscribe("https://waitline.example/webhooks/shopify")
    made = {"webhookSubscriptionCreate": len(house.shop.shop.subscriptions), "metafieldDefinitionCreate": 3}
    assert Counter(house.shop.writes) == made
    assert house.refreshes == 1


def test_refused_twice_means_that_access_is_lost_and_nothing_else(house: House) -> None:
    catch_up(house.world, house.id)
    house.transport.answer(401, UNAUTHORISED, times=2, concerns=for_the_api)
    catch_up(house.world, house.id)

    assert house.store.health is Health.ACCESS_LOST
    assert house.refreshes == 1
    assert house.rung() == set()


def test_a_lost_answer_is_asked_for_again_with_the_old_refresh_token(house: House) -> None:
    first = house.held
    house.later(timedelta(hours=2))
    house.transport.fail(Fault.LOST_ANSWER, concerns=for_tokens)
    with pytest.raises(TemporaryFailure):
        house.call()
    assert house.held == first
    assert house.refreshes == 1

    assert (house.call(), house.refreshes) == ("Lab Goods", 2)


def test_the_refresh_token_before_is_kept_until_the_new_one_has_worked(house: House) -> None:
    first = house.held
    house.later(timedelta(hours=2))
    house.call()
    second = house.held
    assert second["old_refresh_token"] == first["refresh_token"]
    del house.office.refresh_tokens[second["refresh_token"]]

    house.later(timedelta(hours=2))
    assert house.call() == "Lab Goods"
    house.later(timedelta(hours=2))
    third = house.held
    assert house.call() == "Lab Goods"
    assert house.held["old_refresh_token"] == third["refresh_token"]


def test_a_refresh_that_fails_early_leaves_the_old_token_at_work(house: House) -> None:
    first = house.held
    house.later(timedelta(minutes=57))
    house.transport.answer(503, b"", concerns=for_tokens)
    assert house.call() == "Lab Goods"
    assert house.held == first
    assert house.store.health is Health.GOOD

    assert (house.call(), house.refreshes) == ("Lab Goods", 1)


def test_a_refresh_that_fails_after_the_end_makes_the_store_wait_and_loses_nothing(house: House) -> None:
    first = house.held
    house.later(timedelta(hours=2))
    house.transport.answer(503, b"", concerns=for_tokens)
    catch_up(house.world, house.id)
    assert (house.store.health, house.held) == (Health.BACKING_OFF, first)

    house.later(timedelta(minutes=1))
    catch_up(house.world, house.id)
    assert house.store.health is Health.GOOD
    assert house.store.imported_at is not None


def test_wrong_settings_of_the_operator_cost_no_store_its_access(house: House) -> None:
    house.later(timedelta(hours=2))
    config = house.world.config.model_copy(update={"environ": {**SETTINGS, tokens.SECRETS_SETTING: "x" * 32}})
    catch_up(replace(house.world, config=config), house.id)
    assert house.store.health is Health.BACKING_OFF

    house.later(timedelta(minutes=11))
    assert house.call() == "Lab Goods"


def test_access_that_shopify_ended_pauses_the_store_and_says_what_to_do_once(house: House) -> None:
    catch_up(house.world, house.id)
    house.office.revoke()
    catch_up(house.world, house.id)
    told = house.store.trouble
    assert told == "Shopify has ended Waitline's access to this shop. Open the app once in the shop's admin."
    assert house.store.health is Health.ACCESS_LOST
    asked = len(house.office.grants)

    house.later(timedelta(days=1))
    assert house.rung() == set()
    catch_up(house.world, house.id)
    audit(house.world, house.id)
    assert len(house.office.grants) == asked
    assert house.store.imported_at is not None

    again = tokens.exchange(house.shop.domain, house.office.id_token(datetime.now(UTC)), house.world.wire)
    sealed, renew_at = house.world.keys.seal("shopify", again)
    with house.world.database.write() as conn:
        stores.let_in_again(conn, house.id, sealed, renew_at, house.bench.now)
    assert (house.store.health, house.store.trouble) == (Health.GOOD, "")
    assert house.rung() >= {"catch_up", "audit"}
    assert house.call() == "Lab Goods"


def test_a_refusal_from_before_the_merchant_let_us_in_again_shuts_nobody_out(house: House) -> None:
    catch_up(house.world, house.id)
    calls: list[str] = []

    def let_in_at_the_second_call(method: str, url: str) -> bool:
        if not for_the_api(method, url):
            return False
        calls.append(url)
        if len(calls) == 2:
            house.later(timedelta(seconds=1))
            again = tokens.exchange(house.shop.domain, house.office.id_token(datetime.now(UTC)), house.world.wire)
            sealed, renew_at = house.world.keys.seal("shopify", again)
            with house.world.database.write() as conn:
                stores.let_in_again(conn, house.id, sealed, renew_at, house.bench.now)
        return True

    house.transport.answer(401, UNAUTHORISED, times=2, concerns=let_in_at_the_second_call)
    catch_up(house.world, house.id)

    assert len(calls) == 2
    assert (house.store.health, house.store.trouble) == (Health.GOOD, "")
    assert house.call() == "Lab Goods"


def test_an_answer_that_does_not_say_how_long_is_taken_for_an_hour_and_ninety_days(house: House) -> None:
    house.office.expiring = False
    house.later(timedelta(hours=2))
    house.call()
    life = house.world.keys.life(house.store)
    assert life.until is not None
    assert life.renewable_until is not None
    assert timedelta(minutes=59) < life.until - house.bench.now <= tokens.ACCESS_LIVES
    assert timedelta(days=89) < life.renewable_until - house.bench.now <= tokens.REFRESH_LIVES


def test_eight_workers_at_once_ask_for_one_refresh(house: House) -> None:
    house.later(timedelta(hours=2))
    answers: list[str] = []
    gate = threading.Barrier(8)

    def work() -> None:
        gate.wait()
        answers.append(house.call())

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert answers == ["Lab Goods"] * 8
    assert house.refreshes == 1


def test_eight_workers_whose_token_is_refused_at_once_ask_for_one_refresh(house: House) -> None:
    clients = [house.world.client(house.store) for _ in range(8)]
    house.office.open_tokens.clear()
    answers: list[str] = []
    workers = [threading.Thread(target=lambda it=client: answers.append(it.describe().name)) for client in clients]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert answers == ["Lab Goods"] * 8
    assert house.refreshes == 1


def test_nobody_waits_for_a_refresh_while_the_old_token_works(house: House) -> None:
    house.later(timedelta(minutes=57))
    with leases.holding(house.world.database, f"keys:{house.id}", "another", house.bench.now):
        assert (house.call(), house.refreshes) == ("Lab Goods", 0)


def test_whoever_waits_in_vain_for_another_worker_comes_again_later(house: House) -> None:
    house.later(timedelta(hours=2))
    with (
        leases.holding(house.world.database, f"keys:{house.id}", "another", house.bench.now),
        pytest.raises(TemporaryFailure, match=r"^Access to the store is being renewed\.$"),
    ):
        house.call()
    assert (house.call(), house.refreshes) == ("Lab Goods", 1)


def test_a_store_that_was_connected_anew_meanwhile_keeps_the_newer_key(house: House) -> None:
    newer = {"access_token": house.shop.token}

    def connected_meanwhile(method: str, url: str) -> bool:
        if for_tokens(method, url):
            with house.world.database.write() as conn:
                stores.let_in_again(conn, house.id, house.world.sealer.seal(newer), None, house.bench.now)
        return False

    house.later(timedelta(hours=2))
    house.transport.fail(Fault.UNREACHABLE, concerns=connected_meanwhile)
    assert house.call() == "Lab Goods"
    assert house.held == newer


def test_a_store_that_nobody_called_for_sixty_days_is_renewed_by_the_clock(house: House) -> None:
    catch_up(house.world, house.id)
    assert "renew" not in house.rung()
    house.later(UNUSED)
    assert "renew" in house.rung()

    house.transport.answer(503, b"", concerns=for_tokens)
    renew(house.world, house.id)
    assert (house.refreshes, "renew" in house.rung()) == (0, False)

    house.later(timedelta(days=1))
    assert "renew" in house.rung()
    renew(house.world, house.id)
    assert (house.refreshes, "renew" in house.rung()) == (1, False)
    renew(house.world, house.id)
    assert house.refreshes == 1


def test_the_token_of_a_custom_app_never_ends_and_is_never_exchanged(house: House) -> None:
    with house.world.database.write() as conn:
        sealed, renew_at = house.world.keys.seal("shopify", {"access_token": house.shop.token})
        stores.let_in_again(conn, house.id, sealed, renew_at, house.bench.now)
    house.later(timedelta(days=400))
    assert (house.call(), house.refreshes, renew_at) == ("Lab Goods", 0, None)

    house.transport.answer(401, UNAUTHORISED, concerns=for_the_api)
    with pytest.raises(AccessLost):
        house.call()
    assert house.refreshes == 0


def test_a_scope_that_is_taken_back_is_noticed_and_given_again_is_too(house: House) -> None:
    catch_up(house.world, house.id)
    house.office.scopes.remove("read_customers")
    audit(house.world, house.id)
    assert house.store.lacks == (OPTIONAL["read_customers"],)
    assert house.store.health is Health.GOOD

    taken = [scope for scope in house.office.scopes if "inventory" in scope]
    house.office.scopes[:] = [scope for scope in house.office.scopes if scope not in taken]
    audit(house.world, house.id)
    assert (house.store.health, "read_inventory (to read stock)" in house.store.trouble) == (Health.BACKING_OFF, True)

    house.office.scopes += [*taken, "read_customers"]
    house.later(timedelta(minutes=11))
    audit(house.world, house.id)
    assert (house.store.health, house.store.lacks, house.store.trouble) == (Health.GOOD, (), "")


def test_a_store_that_left_has_no_key_any_more(house: House) -> None:
    with house.world.database.write() as conn:
        stores.leave(conn, house.id)
    house.later(UNUSED + timedelta(days=1))
    renew(house.world, house.id)
    assert house.refreshes == 0
