"""The webhooks of one shop at our address: one per topic, active, signed with the secret that we know now."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.woocommerce.answers import NoSuchObject
from connectors.woocommerce.client import Shop
from connectors.woocommerce.payloads import WebhookBody
from connectors.woocommerce.webhooks import TOPICS, topic_secret

SWITCHED_OFF = {"disabled": "the store switched it off after calls that failed"}
"""Why a webhook that is not active is not, by the shop's word."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be done about the webhooks found in the shop, with the reason in a word for each removal."""

    remove: Sequence[tuple[WebhookBody, str]]
    missing: Sequence[str]


class Subscriptions:
    """The webhooks at one address, which is the beginning that all topics share."""

    def __init__(self, shop: Shop, url: str, secret: str) -> None:
        self._shop = shop
        self._url = url
        self._secret = secret

    def mend(self) -> list[str]:
        """Make them right; a sentence for each change. What is wrong is removed and made anew: a webhook that the
        shop disabled keeps its count of failures, so one more would disable it again.
        """
        judged = judge(self._ours(), self._url, self._secret)
        done = []
        for webhook, why in judged.remove:
            self._delete(webhook)
            done.append(f"Removed the webhook for {webhook.topic}: {why}.")
        for topic in judged.missing:
            self._shop.post(
                WebhookBody,
                "webhooks",
                {
                    "name": _name(topic, self._secret),
                    "topic": topic,
                    "delivery_url": f"{self._url}/{topic}",
                    "secret": topic_secret(self._secret.encode(), topic),
                },
            )
            done.append(f"Created the webhook for {topic}.")
        return done

    def missing(self) -> list[str]:
        """Topics that the shop does not send to us at the moment."""
        return list(judge(self._ours(), self._url, self._secret).missing)

    def remove(self) -> None:
        """Take all of them off."""
        for webhook in self._ours():
            self._delete(webhook)

    def _ours(self) -> list[WebhookBody]:
        listed = self._shop.all(WebhookBody, "webhooks", {"orderby": "id", "order": "asc"})
        return [webhook for webhook in listed if webhook.delivery_url.startswith(f"{self._url}/")]

    def _delete(self, webhook: WebhookBody) -> None:
        try:
            self._shop.delete(f"webhooks/{webhook.id}")
        except NoSuchObject:
            # Somebody else removed it first, which is what was wanted.
            return


def judge(found: Sequence[WebhookBody], url: str, secret: str) -> Judged:
    """Keep one good webhook per topic."""
    kept: set[str] = set()
    remove = []
    for webhook in found:
        topic = webhook.topic
        if topic not in TOPICS or webhook.delivery_url.rstrip("/") != f"{url}/{topic}":
            remove.append((webhook, "it is not one that is used"))
        elif webhook.status != "active":
            remove.append((webhook, SWITCHED_OFF.get(webhook.status, f"the store had it {webhook.status}")))
        elif webhook.name != _name(topic, secret):
            remove.append((webhook, "it may be signed with an older secret"))
        elif topic in kept:
            remove.append((webhook, "it was there twice"))
        else:
            kept.add(topic)
    return Judged(remove, [topic for topic in TOPICS if topic not in kept])


def _name(topic: str, secret: str) -> str:
    """The shop never tells a webhook's secret, so the name carries a short mark of it."""
    signs = topic_secret(secret.encode(), topic)
    mark = hmac.new(signs.encode(), topic.encode(), hashlib.sha256).hexdigest()[:8]
    return f"Waitline {topic} {mark}"
