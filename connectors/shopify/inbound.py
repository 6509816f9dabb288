"""Goods on the way as Shopify tells of them: transfers to a location, the shipments of each, and when those arrive."""

from collections.abc import Collection, Iterator

from pydantic import AwareDatetime, Field

from backorder.domain.announced import Announced
from backorder.domain.supply import Pool, Units
from connectors.shopify import read
from connectors.shopify.client import Admin
from connectors.shopify.nodes import AssignedNode, Connection, Node, Ref
from connectors.shopify.payloads import Number, Text, gid

COMING = frozenset({"READY_TO_SHIP", "IN_PROGRESS", "TRANSFERRED"})
"""Transfers that count: a draft is not decided, a cancelled one does not come."""
_OPEN = "-status:transferred AND -status:canceled"
"""A search for what is over would have to be taken by Shopify letter by letter; one that it does not understand leaves
nothing out this way.
"""
_IDS_A_CALL = 50


class TrackingNode(Node):
    """When a shipment is to arrive."""

    arrives_at: AwareDatetime | None = None


class ShipmentLineNode(Node):
    """Units of an item in a shipment. What was refused on arrival never becomes stock."""

    id: Number
    inventory_item: Ref | None = None
    quantity: int
    accepted_quantity: int
    rejected_quantity: int


class ShipmentNode(Node):
    """A shipment of a transfer."""

    id: Number
    status: str
    tracking: TrackingNode | None = None
    line_items: Connection[ShipmentLineNode] | None = None


class OriginNode(Node):
    """Where the goods come from."""

    name: Text = ""


class TransferNode(Node):
    """A transfer of goods to a location of the shop."""

    id: Number
    name: Text = ""
    status: str
    origin: OriginNode | None = None
    destination: AssignedNode | None = None
    shipments: Connection[ShipmentNode] = Field(default_factory=lambda: Connection[ShipmentNode]())


def announced(admin: Admin, known: Collection[str]) -> list[Announced]:
    """All that is on the way, and what became of those that are known by these names."""
    found = {
        node.id: node
        for page in read.pages(admin, "transfers", "Transfers", "inventoryTransfers", TransferNode, {"query": _OPEN})
        for node in page
    }
    missing = sorted({_transfer_of(name) for name in known} - set(found))
    for start in range(0, len(missing), _IDS_A_CALL):
        ids = [gid("InventoryTransfer", number) for number in missing[start : start + _IDS_A_CALL]]
        for told in admin.ask("transfers", "TransfersById", {"ids": ids})["nodes"]:
            if told:
                node = read.typed(TransferNode, told)
                found[node.id] = node
    for node in found.values():
        _complete(admin, node)
    return [line for node in found.values() for line in _lines(node)]


def _transfer_of(name: str) -> int:
    return int(name.partition("/")[0])


def _complete(admin: Admin, node: TransferNode) -> None:
    """Follow the lists of a transfer to their end."""
    read.complete(admin, node.shipments, ShipmentNode, gid("InventoryTransfer", node.id), "transfers", "MoreShipments")
    for shipment in node.shipments.nodes:
        if shipment.line_items is not None:
            owner = gid("InventoryShipment", shipment.id)
            read.complete(admin, shipment.line_items, ShipmentLineNode, owner, "transfers", "MoreShipmentLines")


def _lines(node: TransferNode) -> Iterator[Announced]:
    place = node.destination.location if node.destination else None
    if place is None or node.status not in COMING:
        return
    for shipment in node.shipments.nodes:
        arrives = shipment.tracking.arrives_at if shipment.tracking else None
        for line in shipment.line_items.nodes if shipment.line_items else ():
            if line.inventory_item is not None:
                yield Announced(
                    name=f"{node.id}/{shipment.id}/{line.id}",
                    pool=Pool(line.inventory_item.id, place.id),
                    quantity=Units(max(0, line.quantity - line.rejected_quantity)),
                    received=Units(line.accepted_quantity),
                    arrives=arrives,
                    source=(node.origin.name if node.origin else "") or node.name,
                )
