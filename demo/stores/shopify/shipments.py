"""Goods on their way to a location: transfers with their shipments, what the merchant does with them, and how the Admin
API tells of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.stores.shopify.goods import Goods
from demo.stores.shopify.graph import Tree, connection, refused
from demo.stores.shopify.names import at, gid
from demo.stores.shopify.state import Product, Shop


@dataclass
class Parcel:
    """Units of an item in a shipment."""

    id: int
    product: Product
    quantity: int
    accepted: int = 0
    rejected: int = 0

    @property
    def unreceived(self) -> int:
        """Units that did not come yet."""
        return self.quantity - self.accepted - self.rejected


@dataclass
class Shipment:
    """A shipment of a transfer."""

    id: int
    parcels: list[Parcel]
    arrives: datetime | None
    status: str = "IN_TRANSIT"


@dataclass
class Transfer:
    """Goods that were ordered to a location."""

    id: int
    destination: int
    origin: str
    status: str = "IN_PROGRESS"
    shipments: list[Shipment] = field(default_factory=list)


class OnTheWay:
    """The acts on transfers and shipments, by their numbers, and the trees that tell of them."""

    def __init__(self, goods: Goods, limit: int) -> None:
        self._goods = goods
        self._shop: Shop = goods.shop
        self._limit = limit
        self.transfers: dict[int, Transfer] = {}

    def announce(
        self, wanted: Mapping[str, int], arrives: datetime | None, origin: str = "", location: int | None = None
    ) -> Shipment:
        """A transfer with one shipment of these units, by SKU."""
        place = location if location is not None else next(iter(self._shop.locations))
        transfer = Transfer(self._goods.ids.next("transfer"), place, origin)
        self.transfers[transfer.id] = transfer
        return self.add_shipment(transfer, wanted, arrives)

    def add_shipment(self, transfer: Transfer, wanted: Mapping[str, int], arrives: datetime | None) -> Shipment:
        """One shipment more."""
        self._goods.begin()
        shipment = Shipment(self._goods.ids.next("inbound"), [self._parcel(*each) for each in wanted.items()], arrives)
        transfer.shipments.append(shipment)
        self._tell("inventory_shipments/create", shipment, status=shipment.status)
        self._tell_transfer("inventory_transfers/updated", transfer)
        return shipment

    def arrives(self, shipment: Shipment, day: datetime | None) -> None:
        """It is expected at another time."""
        self._goods.begin()
        shipment.arrives = day
        self._goods.tell(
            "inventory_shipments/update_tracking",
            {"shipment_id": gid("InventoryShipment", shipment.id), "happened_at": at(self._goods.now())},
        )

    def resize(self, shipment: Shipment, units: int) -> None:
        """The first of its lines has another quantity."""
        self._goods.begin()
        shipment.parcels[0].quantity = units
        self._tell("inventory_shipments/update_item_quantities", shipment)

    def receive(self, shipment: Shipment, units: int, *, refused_units: int = 0) -> None:
        """So many units of its first line came and became stock; others were refused."""
        self._goods.begin()
        parcel, place = shipment.parcels[0], self._transfer(shipment).destination
        parcel.accepted += units
        parcel.rejected += refused_units
        done = not any(each.unreceived for each in shipment.parcels)
        shipment.status = "RECEIVED" if done else "PARTIALLY_RECEIVED"
        self._goods.count(parcel.product, place, parcel.product.shelf.get(place, 0) + units)
        self._tell("inventory_shipments/receive_items", shipment, status=shipment.status)
        transfer = self._transfer(shipment)
        if all(each.status == "RECEIVED" for each in transfer.shipments):
            transfer.status = "TRANSFERRED"
            self._tell_transfer("inventory_transfers/complete", transfer)

    def delete(self, shipment: Shipment) -> None:
        """The shipment was a mistake."""
        self._goods.begin()
        self._transfer(shipment).shipments.remove(shipment)
        self._tell("inventory_shipments/delete", shipment)

    def cancel(self, transfer: Transfer) -> None:
        """What did not come yet will not come."""
        self._goods.begin()
        transfer.status = "CANCELED"
        self._tell_transfer("inventory_transfers/cancel", transfer)

    def root(self) -> Tree:
        """The field of the query root. A search leaves out what is over."""

        def transfers(asked: Any, query: str = "", **page: Any) -> Tree:
            self._check("read_inventory_transfers", "inventoryTransfers")
            left_out = {status for status in ("TRANSFERRED", "CANCELED") if f"-status:{status.lower()}" in query}
            found = [each for each in self.transfers.values() if each.status not in left_out]
            return connection(found, self._tree, self._limit)(asked, **page)

        return {"inventoryTransfers": transfers}

    def node(self, kind: str, number: int) -> Tree | None:
        """A transfer or a shipment by its id."""
        if kind == "InventoryTransfer":
            self._check("read_inventory_transfers", "node")
            return self._tree(self.transfers[number]) if number in self.transfers else None
        self._check("read_inventory_shipments", "node")
        return next(
            (self._shipment(each) for one in self.transfers.values() for each in one.shipments if each.id == number),
            None,
        )

    def _check(self, scope: str, field_name: str) -> None:
        if scope not in self._shop.scopes:
            raise refused(
                f"Access denied for {field_name} field. Required access: `{scope}` access scope.",
                "ACCESS_DENIED",
                documentation="https://shopify.dev/api/usage/access-scopes",
                requiredAccess=f"`{scope}` access scope.",
            )

    def _parcel(self, sku: str, units: int) -> Parcel:
        product = next(each for each in self._shop.products.values() if each.sku == sku)
        return Parcel(self._goods.ids.next("parcel"), product, units)

    def _transfer(self, shipment: Shipment) -> Transfer:
        return next(each for each in self.transfers.values() if shipment in each.shipments)

    def _tell(self, topic: str, shipment: Shipment, **more: Any) -> None:
        happened = {"id": gid("InventoryShipment", shipment.id), "happened_at": at(self._goods.now())}
        self._goods.tell(topic, {**happened, **more})

    def _tell_transfer(self, topic: str, transfer: Transfer) -> None:
        happened = {"id": gid("InventoryTransfer", transfer.id), "happened_at": at(self._goods.now())}
        self._goods.tell(topic, {**happened, "status": transfer.status})

    def _tree(self, transfer: Transfer) -> Tree:
        location = {"__typename": "Location", "id": gid("Location", transfer.destination)}
        return {
            "__typename": "InventoryTransfer",
            "id": gid("InventoryTransfer", transfer.id),
            "name": f"#T{transfer.id:04}",
            "status": transfer.status,
            "origin": {"name": transfer.origin, "location": None} if transfer.origin else None,
            "destination": {"name": self._shop.locations[transfer.destination], "location": location},
            "shipments": self._allowed(transfer.shipments),
        }

    def _allowed(self, shipments: Sequence[Shipment]) -> Callable[..., Tree]:
        def page(asked: Any, **given: Any) -> Tree:
            self._check("read_inventory_shipments", "shipments")
            return connection(shipments, self._shipment, self._limit)(asked, **given)

        return page

    def _shipment(self, shipment: Shipment) -> Tree:
        return {
            "__typename": "InventoryShipment",
            "id": gid("InventoryShipment", shipment.id),
            "status": shipment.status,
            "tracking": {"arrivesAt": at(shipment.arrives)} if shipment.arrives else None,
            "lineItems": connection(shipment.parcels, _parcel_tree, self._limit),
        }


def _parcel_tree(parcel: Parcel) -> Tree:
    return {
        "__typename": "InventoryShipmentLineItem",
        "id": gid("InventoryShipmentLineItem", parcel.id),
        "inventoryItem": {"__typename": "InventoryItem", "id": gid("InventoryItem", parcel.product.item)},
        "quantity": parcel.quantity,
        "acceptedQuantity": parcel.accepted,
        "rejectedQuantity": parcel.rejected,
    }
