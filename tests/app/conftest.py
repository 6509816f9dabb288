"""A web application over a database of its own, with a shop or two."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from app import create_app
from app.access import new_signin
from backorder.config import Config
from backorder.db.secrets import Sealer, token_hash
from backorder.db.session import Database
from connectors.http import Transport
from demo.stores.shopify import ShopifyShop
from jobs.mailer import NoMailer
from jobs.world import World
from tests.app.embedding_shop import a_shop, beside
from tests.app.shop import API_TOKEN, KEY, Bell, Clock, Merchant, Shop, Statements, connected


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def world(database: Database, clock: Clock, bell: Bell, tmp_path: Path) -> World:
    config = Config(
        data_dir=tmp_path,
        secret_keys=(SecretStr(KEY),),
        public_url="https://waitline.example",
        environ={"WAITLINE_SHOPIFY_CLIENT_SECRETS": "the app's secret"},
    )
    return World(
        config=config,
        database=database,
        clock=clock,
        transport=Transport(),
        mailer=NoMailer(),
        bell=bell,
        sealer=Sealer([KEY]),
        chance=lambda: 1.0,
    )


@pytest.fixture
def shop(world: World) -> Shop:
    return connected(world, "shopify", "lamps.myshopify.com", api_token_hash=token_hash(API_TOKEN))


@pytest.fixture
def other_shop(world: World) -> Shop:
    """A second merchant, whose rows nobody else may see."""
    return connected(world, "woocommerce", "https://other.example", name="Other Shop")


@pytest.fixture
def app(world: World) -> Flask:
    return create_app(world)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A browser that is not signed in."""
    return app.test_client()


@pytest.fixture
def merchant(app: Flask, world: World, shop: Shop) -> Merchant:
    return Merchant(app.test_client(), new_signin(world, shop.id))


@pytest.fixture
def statements(database: Database) -> Statements:
    return Statements(database)


@pytest.fixture
def store_app(clock: Clock) -> ShopifyShop:
    """A shop that installs the app."""
    return a_shop(clock)


@pytest.fixture
def here(world: World, store_app: ShopifyShop) -> World:
    """The world that is the app of that shop."""
    return beside(world, store_app)
