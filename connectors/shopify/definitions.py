"""Definitions of our metafields: with them the fields have names in the admin and are offered in Flow, themes and
customers' account pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.shopify import read
from connectors.shopify.client import Admin, Json

ORDER = "ORDER"
VARIANT = "PRODUCTVARIANT"

_THERE = ("TAKEN", "UNSTRUCTURED_ALREADY_EXISTS")
"""Somebody else defined it meanwhile, or its values came first: it can be used as it is."""


@dataclass(frozen=True, slots=True)
class Field:
    """A metafield as people see it."""

    key: str
    name: str
    type: str
    description: str


_FIELDS: Mapping[str, tuple[Field, ...]] = {
    ORDER: (
        Field("state", "Backorder state", "single_line_text_field", "waiting, planned or ready"),
        Field("promise", "Expected to ship by", "date", "The day by which all of the order is expected to ship."),
        Field("position", "Place in the queue", "number_integer", "Its place when the order was last written to."),
    ),
    VARIANT: (
        Field("accepting", "Takes backorders", "boolean", "Whether it can be ordered although nothing is there."),
        Field("expected", "Backorders ship by", "single_line_text_field", "A day such as 2026-12-24."),
        Field("due", "Units on the way", "number_integer", "Units that suppliers are to deliver."),
    ),
}
_ACCESS: Mapping[str, Json] = {
    ORDER: {"admin": "MERCHANT_READ", "customerAccount": "READ"},
    VARIANT: {"admin": "MERCHANT_READ", "storefront": "PUBLIC_READ"},
}


def ensure(admin: Admin, owner: str) -> None:
    """Create the definitions that are missing at orders or variants. Safe to repeat."""
    known = {node.key for node in read.definitions(admin, owner)}
    for field in _FIELDS[owner]:
        if field.key not in known:
            definition = {
                "ownerType": owner,
                "namespace": "$app",
                "key": field.key,
                "name": field.name,
                "type": field.type,
                "description": field.description,
                "access": _ACCESS[owner],
            }
            admin.tell("define", "Define", {"definition": definition}, done=_THERE)
