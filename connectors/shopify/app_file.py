"""The app's configuration file, `shopify.app.toml`, made of the tables that the connector itself works by."""

import json
from collections.abc import Mapping, Sequence

from backorder.domain.errors import Rejected
from connectors.joining import Command, Option, Setup
from connectors.shopify.client import API_VERSION
from connectors.shopify.privacy import COMPLIANCE
from connectors.shopify.scopes import TO_ASK, TO_ASK_ALSO
from connectors.shopify.tokens import CLIENT_ID_SETTING
from connectors.shopify.webhooks import TOPICS

FILE = "shopify.app.toml"

EMBEDDED = "/embedded/shopify/"
CALLBACK = "/install/shopify/callback"
WEBHOOKS = "/webhooks/shopify"
PROXY = "/proxy/shopify"
"""Addresses of Waitline that Shopify has to know, behind its public address."""

OPTIONS: Sequence[Option] = (
    Option("name", "The app's name in Shopify (default: Waitline)."),
    Option(
        "topics",
        '"compliance" (default): Waitline subscribes to the others itself, in each shop. "all": they come twice then.',
    ),
)


def app_file(setup: Setup, given: Mapping[str, str]) -> str:
    """The text of the file. Raises Rejected where it cannot be made."""
    url = setup.public_url
    topics = [] if _only_compliance(given) else sorted(TOPICS)
    tables: list[tuple[str, Mapping[str, object]]] = [
        (
            "",
            {
                "client_id": setup.environ.get(CLIENT_ID_SETTING, ""),
                "name": given.get("name", "Waitline"),
                "application_url": f"{url}{EMBEDDED}",
                "embedded": True,
            },
        ),
        ("[access_scopes]", {"scopes": ",".join(TO_ASK), "optional_scopes": list(TO_ASK_ALSO)}),
        ("[auth]", {"redirect_urls": [f"{url}{CALLBACK}"]}),
        ("[webhooks]", {"api_version": API_VERSION}),
        ("[[webhooks.subscriptions]]", {"compliance_topics": sorted(COMPLIANCE), "uri": f"{url}{WEBHOOKS}"}),
        *([("[[webhooks.subscriptions]]", {"topics": topics, "uri": f"{url}{WEBHOOKS}"})] if topics else []),
        ("[app_proxy]", {"url": f"{url}{PROXY}", "prefix": "apps", "subpath": "waitline"}),
    ]
    head = (
        "# Made by `waitline shopify toml` of the tables that Waitline works by. Make it anew instead of changing it."
    )
    return "\n\n".join([head, *(_table(title, values) for title, values in tables)]) + "\n"


def _only_compliance(given: Mapping[str, str]) -> bool:
    asked = given.get("topics", "compliance")
    if asked not in ("all", "compliance"):
        raise Rejected('Give "all" or "compliance" as topics.')
    return asked == "compliance"


def _table(title: str, values: Mapping[str, object]) -> str:
    # What JSON writes of texts, truths and lists of texts is TOML as well.
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join([title, *lines] if title else lines)


COMMANDS = (Command("toml", f"Write {FILE}, the app's configuration file.", OPTIONS, FILE, app_file),)
