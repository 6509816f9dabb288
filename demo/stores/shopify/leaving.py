"""How an app is removed from the shop and put into it again, and what Shopify then asks about people's data.

The three compliance topics are declared in the app's configuration, so they need no subscription and no token.
"""

from collections.abc import Callable, Iterable
from typing import Any

from demo.stores.shopify.outbox import Message, Outbox
from demo.stores.shopify.state import Shop

SHOP_ID = 548380009


class Leaving:
    """The acts. `set_token` changes which access token opens the shop; an empty one opens it to nobody."""

    def __init__(self, shop: Shop, domain: str, outbox: Outbox, set_token: Callable[[str], None]) -> None:
        self._shop = shop
        self._domain = domain
        self._outbox = outbox
        self._set_token = set_token
        self._address = ""

    def uninstall(self) -> None:
        """The merchant removes the app: its token is dead, it is told so, its subscriptions are gone."""
        self._remember_address()
        self._outbox.begin()
        self._outbox.tell("app/uninstalled", self._shop_body())
        # What was on its way is still delivered: only nothing new is told.
        self._shop.subscriptions.clear()
        self._set_token("")

    def reinstall(self, token: str) -> None:
        """The merchant installs the app again; it gets a token of its own."""
        self._set_token(token)

    def ask_for_data(self, customer: int | None, email: str | None, orders: Iterable[int] = ()) -> Message:
        """A customer wants to be told what is held about them."""
        return self._ask(
            "customers/data_request",
            {
                "orders_requested": list(orders),
                "customer": {"id": customer, "email": email, "phone": None},
                "data_request": {"id": 9999},
            },
        )

    def redact_customer(self, customer: int | None, email: str | None, orders: Iterable[int] = ()) -> Message:
        """A customer wants to be forgotten."""
        told = {"customer": {"id": customer, "email": email, "phone": None}, "orders_to_redact": list(orders)}
        return self._ask("customers/redact", told)

    def redact_shop(self) -> Message:
        """All of the shop is to be erased: Shopify asks it 48 hours after the app was removed."""
        return self._ask("shop/redact", {})

    def _ask(self, topic: str, told: dict[str, Any]) -> Message:
        self._remember_address()
        self._outbox.begin()
        return self._outbox.write(self._address, topic, {"shop_id": SHOP_ID, "shop_domain": self._domain, **told})

    def _remember_address(self) -> None:
        """The app's one address for all topics, as long as it can be seen."""
        for subscription in self._shop.subscriptions.values():
            self._address = subscription.uri

    def _shop_body(self) -> dict[str, Any]:
        return {"id": SHOP_ID, "name": self._shop.name, "domain": None, "myshopify_domain": self._domain}
