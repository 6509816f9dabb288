"""What Shopify asks about people's data, and how it says that the app was removed. Pure.

Neither the topic nor the shop of a delivery is signed, only its body. So a body must have what its topic promises and
nothing that belongs to another one, and must name the shop that the header names.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from pydantic import model_validator

from backorder.domain.errors import BadPayload
from backorder.domain.events import CustomerDataAsked, CustomerErased, PrivacyEvent, StoreErased, StoreLeft
from backorder.domain.privacy import Person
from connectors.contract import Delivery
from connectors.shopify.payloads import Body, Many, Number, Text

UNINSTALLED = "app/uninstalled"
GRACE = timedelta(hours=48)
"""How long after the app was removed a shop's erasure is asked for, at the earliest."""


class PersonBody(Body):
    """Whom a request is about; each part may be missing."""

    id: Number | None = None
    email: Text = ""
    phone: Text = ""


class PrivacyBody(Body):
    """What all three bodies say."""

    shop_domain: str
    customer: PersonBody | None = None


class DataRequestBody(PrivacyBody):
    """The body of customers/data_request."""

    orders_requested: Many[Number]


class RedactBody(PrivacyBody):
    """The body of customers/redact."""

    orders_to_redact: Many[Number]


class ShopRedactBody(PrivacyBody):
    """The body of shop/redact: about a shop and nobody else."""

    @model_validator(mode="after")
    def _names_nobody(self) -> "ShopRedactBody":
        if self.customer is not None:
            raise ValueError("it names a customer")
        return self


class ShopBody(Body):
    """The body of app/uninstalled: the shop itself, which alone of all that is told has no global id."""

    name: Text
    myshopify_domain: str | None = None
    admin_graphql_api_id: None = None
    shop_domain: None = None


def _data_asked(body: PrivacyBody, _delivery: Delivery) -> PrivacyEvent:
    return CustomerDataAsked(_person(body, body.orders_requested if isinstance(body, DataRequestBody) else ()))


def _erased(body: PrivacyBody, _delivery: Delivery) -> PrivacyEvent:
    return CustomerErased(_person(body, body.orders_to_redact if isinstance(body, RedactBody) else ()))


def _store_erased(_body: PrivacyBody, delivery: Delivery) -> PrivacyEvent:
    return StoreErased(left_by=(triggered_at(delivery) or delivery.received_at) - GRACE)


def _person(body: PrivacyBody, orders: "list[int] | tuple[int, ...]") -> Person:
    who = body.customer or PersonBody()
    return Person(who.id, who.email.strip(), who.phone.strip(), tuple(sorted(set(orders))))


COMPLIANCE: Mapping[str, tuple[type[PrivacyBody], Callable[[PrivacyBody, Delivery], PrivacyEvent]]] = {
    "customers/data_request": (DataRequestBody, _data_asked),
    "customers/redact": (RedactBody, _erased),
    "shop/redact": (ShopRedactBody, _store_erased),
}
"""The topics that every app must take, with a token or without: their bodies, and what they ask."""


def left(body: ShopBody, delivery: Delivery, shop: str) -> StoreLeft:
    """The app was removed from the shop. Raises BadPayload where the body is another shop's."""
    if body.myshopify_domain is not None:
        check_shop(body.myshopify_domain, shop)
    return StoreLeft(triggered_at(delivery))


def check_shop(named: str, shop: str) -> None:
    """The shop that the body names is the one of the header. Raises BadPayload."""
    if named.strip().lower() != shop:
        raise BadPayload("The body names another shop than the header.")


def triggered_at(delivery: Delivery) -> datetime | None:
    """When what is told happened, by Shopify's clock; `None` where the header is missing or no moment."""
    text = delivery.headers.get("x-shopify-triggered-at", "").strip()
    # Nine digits of a second are three more than can be read.
    whole, point, rest = text.partition(".")
    digits = rest.rstrip("Zz")[:6]
    try:
        moment = datetime.fromisoformat(f"{whole}.{digits}+00:00" if point else whole.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None
