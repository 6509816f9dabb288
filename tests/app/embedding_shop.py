"""A stand-in shop that installs an app, and a Waitline that is that app."""

from dataclasses import replace

from backorder.db import stores
from backorder.domain.store import Store
from demo.stores.shopify import ShopifyShop
from demo.stores.wire import LocalTransport
from jobs.world import World
from tests.app.shop import Clock

HOST = "https://waitline.example"
DOMAIN = "lab-goods.myshopify.com"
SECRET = "the secret of an app that only these tests know"
ENVIRON = {"WAITLINE_SHOPIFY_CLIENT_ID": "the-app", "WAITLINE_SHOPIFY_CLIENT_SECRETS": SECRET}


def a_shop(clock: Clock) -> ShopifyShop:
    """A shop that lets the app in."""
    return ShopifyShop(domain=DOMAIN, clock=clock, deliver=lambda *_: 200, client_id="the-app", secret=SECRET)


def beside(world: World, shop: ShopifyShop, public_url: str = HOST) -> World:
    """The world that is the app of this shop."""
    config = world.config.model_copy(update={"environ": ENVIRON, "public_url": public_url})
    return replace(world, config=config, transport=LocalTransport({shop.domain: shop}))


def known(world: World) -> list[Store]:
    """Every store that is connected."""
    with world.database.read() as conn:
        return stores.everyone(conn)
