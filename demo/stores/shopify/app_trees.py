"""What the Admin API tells of things that an app made in a shop for itself."""

from demo.stores.shopify.graph import Tree
from demo.stores.shopify.names import gid
from demo.stores.shopify.state import Definition, Subscription


def definition_tree(found: Definition) -> Tree:
    """A definition of a metafield."""
    return {
        "__typename": "MetafieldDefinition",
        "id": gid("MetafieldDefinition", found.id),
        "namespace": found.namespace,
        "key": found.key,
        "name": found.name,
        "ownerType": found.owner,
    }


def subscription_tree(subscription: Subscription) -> Tree:
    """A webhook subscription."""
    return {
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", subscription.id),
        "topic": subscription.topic,
        "uri": subscription.uri,
        "format": "JSON",
    }
