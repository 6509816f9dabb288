"""The webhook subscriptions that make a shop tell Waitline what changes."""

from collections.abc import Iterable

from backorder.domain.errors import AccessLost, PermanentFailure, StoreClosed
from connectors.shopify import read
from connectors.shopify.client import Admin
from connectors.shopify.scopes import lacking
from connectors.shopify.webhooks import OPTIONAL, TOPICS

_TAKEN = "Address for this topic has already been taken"


def topic_name(topic: str) -> str:
    """The API's name of a topic: `orders/create` is ORDERS_CREATE."""
    return topic.replace("/", "_").replace(".", "_").upper()


class Subscriptions:
    """Our app's subscriptions in one shop. Those to other addresses are left alone."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def match(self, url: str) -> list[str]:
        """Create what is missing, delete doubles and topics no longer wanted; what was changed, in sentences."""
        wanted = {topic_name(topic): topic for topic in TOPICS}
        seen: set[str] = set()
        changed = []
        for node in self._at(url):
            if node.topic in wanted and node.topic not in seen:
                seen.add(node.topic)
                continue
            self._admin.tell("unsubscribe", "Unsubscribe", {"id": node.id})
            changed.append(f"Removed a subscription to {wanted.get(node.topic, node.topic)} that is not needed.")
        missing = {name: topic for name, topic in wanted.items() if name not in seen}
        refused = self._refused(missing.values())
        for name, topic in missing.items():
            if topic not in refused and self._subscribe(name, topic, url):
                changed.append(f"Subscribed to {topic}.")
        return changed

    def _refused(self, topics: Iterable[str]) -> set[str]:
        """Those of the topics that tell of what the merchant has not granted: they are not asked for in vain with each
        audit. A change of what is granted is told, and leads to one.
        """
        optional = {topic: OPTIONAL[topic] for topic in topics if topic in OPTIONAL}
        if not optional:
            return set()
        asked = self._admin.ask("subscriptions", "Granted", {})
        granted = [scope["handle"] for scope in asked["currentAppInstallation"]["accessScopes"]]
        not_granted = set(lacking(granted, set(optional.values())))
        return {topic for topic, scope in optional.items() if scope in not_granted}

    def _subscribe(self, name: str, topic: str, url: str) -> bool:
        """Whether the shop takes it. One of an optional topic may be refused for other reasons than a scope, and is
        asked for again with the next audit.
        """
        try:
            self._admin.tell("subscribe", "Subscribe", {"topic": name, "uri": url}, done=(_TAKEN,))
        except (AccessLost, StoreClosed):
            raise
        except PermanentFailure:
            if topic not in OPTIONAL:
                raise
            return False
        return True

    def missing(self, url: str) -> list[str]:
        """Topics of the table that are not sent to this address."""
        there = {node.topic for node in self._at(url)}
        return [topic for topic in TOPICS if topic_name(topic) not in there and topic not in OPTIONAL]

    def remove(self, url: str) -> None:
        """Delete every subscription to this address."""
        for node in self._at(url):
            self._admin.tell("unsubscribe", "Unsubscribe", {"id": node.id})

    def _at(self, url: str) -> list[read.SubscriptionNode]:
        return [node for node in read.subscriptions(self._admin) if node.uri == url]
