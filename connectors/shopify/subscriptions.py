"""The webhook subscriptions that make a shop tell Waitline what changes."""

from backorder.domain.errors import AccessLost, PermanentFailure, StoreClosed
from connectors.shopify import read
from connectors.shopify.client import Admin
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
        for name, topic in wanted.items():
            if name not in seen and self._subscribe(name, topic, url):
                changed.append(f"Subscribed to {topic}.")
        return changed

    def _subscribe(self, name: str, topic: str, url: str) -> bool:
        """Whether the shop takes it. One of an optional topic may be refused: asked again with the next audit, for the
        merchant may have granted it by then.
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
