"""Metafields and their definitions, and what an app may change of variants."""

from demo.stores.shopify.answers import metafield_tree
from demo.stores.shopify.app_trees import definition_tree
from demo.stores.shopify.graph import Asked, Tree, refused
from demo.stores.shopify.names import gid, named, namespace
from demo.stores.shopify.state import APP_NAMESPACE, Definition, Metafield, Order, Product
from demo.stores.shopify.trade import Trade
from demo.stores.shopify.works import Refused

METAFIELDS_AT_MOST = 25
_NOT_OURS = "Access to this namespace and key on Metafields for this resource type is not allowed."


class FieldWrites:
    """The mutations of metafields, at orders and at variants."""

    def __init__(self, trade: Trade) -> None:
        self._trade = trade
        self._shop = trade.shop

    def define(self, asked: Asked, definition: Tree) -> Tree:
        """`metafieldDefinitionCreate`."""
        space = namespace(definition.get("namespace"))
        _check_ours(space, ("definition", "namespace"))
        made = Definition(
            self._trade.ids.next("definition"),
            definition["ownerType"],
            space,
            definition["key"],
            definition["name"],
            definition["type"],
            definition.get("access") or {},
        )
        if any((old.owner, old.namespace, old.key) == (made.owner, space, made.key) for old in self._shop.definitions):
            raise Refused("Key is in use for metafields on this owner type.", "TAKEN", ("definition", "key"))
        self._shop.definitions.append(made)
        self._note(asked, gid("MetafieldDefinition", made.id), f"{made.owner}.{made.key}")
        return {"createdDefinition": definition_tree(made)}

    def put(self, asked: Asked, metafields: list[Tree]) -> Tree:
        """`metafieldsSet`: all or nothing."""
        if len(metafields) > METAFIELDS_AT_MOST:
            said = f"Exceeded the maximum metafields input limit of {METAFIELDS_AT_MOST}."
            raise Refused(said, "LESS_THAN_OR_EQUAL_TO", ("metafields",))
        found = [(self._owner(given["ownerId"]), namespace(given.get("namespace")), given) for given in metafields]
        for at, (_, space, _) in enumerate(found):
            _check_ours(space, ("metafields", str(at)))
        told = []
        for owner, space, given in found:
            before = owner.metafields.get((space, given["key"]))
            kind = given.get("type") or (before.type if before else "json")
            number = before.id if before else self._trade.ids.next("metafield")
            after = Metafield(number, space, given["key"], given["value"], kind)
            owner.metafields[space, given["key"]] = after
            if before is None or before.value != after.value:
                self._note(asked, given["ownerId"], f"{space}.{after.key}={after.value}")
            told.append(metafield_tree(after))
        return {"metafields": told}

    def delete(self, asked: Asked, metafields: list[Tree]) -> Tree:
        """`metafieldsDelete`: what is not there is answered with nothing."""
        found = [(self._owner(given["ownerId"]), namespace(given["namespace"]), given) for given in metafields]
        for _, space, _ in found:
            _check_ours(space, ("metafields",))
        told: list[Tree | None] = []
        for owner, space, given in found:
            if owner.metafields.pop((space, given["key"]), None) is None:
                told.append(None)
                continue
            self._note(asked, given["ownerId"], f"{space}.{given['key']}")
            told.append({"ownerId": given["ownerId"], "namespace": space, "key": given["key"]})
        return {"deletedMetafields": told}

    def update_variants(self, asked: Asked, productId: str, variants: list[Tree]) -> Tree:
        """`productVariantsBulkUpdate`, as far as the inventory policy goes."""
        found = [(self._shop.variant(named(given["id"])[1]), given) for given in variants]
        for at, (product, _) in enumerate(found):
            if product is None or product.id != named(productId)[1]:
                where = ("variants", str(at), "id")
                raise Refused("Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST", where)
        for product, given in found:
            policy = given.get("inventoryPolicy")
            if product is not None and policy and policy != product.policy:
                product.policy = policy
                self._note(asked, given["id"], policy)
        return {"product": None, "productVariants": None}

    def _owner(self, id: str) -> Order | Product:
        kind, number = named(id)
        owner = self._shop.variant(number) if kind == "ProductVariant" else self._shop.orders.get(number)
        if owner is None:
            raise refused("invalid id", "RESOURCE_NOT_FOUND")
        return owner

    def _note(self, asked: Asked, target: str, detail: str) -> None:
        self._trade.journal.note(self._trade.now(), asked.field, target, "", detail)


def _check_ours(space: str, where: tuple[str, ...]) -> None:
    if space.startswith("app--") and space != APP_NAMESPACE and not space.startswith(f"{APP_NAMESPACE}--"):
        raise Refused(_NOT_OURS, "APP_NOT_AUTHORIZED", where)
