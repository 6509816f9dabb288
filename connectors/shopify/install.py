"""How a Shopify shop is connected from the command line, with the access token of a custom app, and kept connected."""

from collections.abc import Mapping, Sequence

from backorder.domain.errors import Rejected
from connectors.http import Transport
from connectors.joining import Credentials, Life, OperatorSetting, Option, Wire
from connectors.shopify import tokens
from connectors.shopify.tokens import CLIENT_ID_SETTING, SECRETS_SETTING
from connectors.shopify.webhooks import shop_domain

OPERATOR_SETTINGS = (
    OperatorSetting(CLIENT_ID_SETTING, "The client id of your Shopify app."),
    OperatorSetting(
        SECRETS_SETTING,
        "The client secrets of your Shopify app that may sign webhooks, separated by commas, the newest first.",
    ),
)


class ShopifyInstaller:
    """The options of `connect` for Shopify, and what is made of them."""

    options: Sequence[Option] = (
        Option("shop", "The shop's own address, such as my-shop.myshopify.com."),
        Option("access-token", "The Admin API access token of the app in this shop.", secret=True),
        Option(
            "client-secret",
            f"The client secret that signs this shop's webhooks. Left out, those of {SECRETS_SETTING} are used.",
            secret=True,
        ),
    )

    def address(self, given: Mapping[str, str]) -> str:
        """The shop's own host name in lower case."""
        shop = shop_domain(given.get("shop", ""))
        if not shop:
            raise Rejected("Give the shop's own address, such as my-shop.myshopify.com.")
        return shop

    def credentials(self, given: Mapping[str, str]) -> Credentials:
        """The token, and the secret of this shop's own app where there is one."""
        token = given.get("access-token", "").strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise Rejected("Give the access token as Shopify shows it, in one word.")
        secret = given.get("client-secret", "").strip()
        return {"access_token": token, "client_secret": secret} if secret else {"access_token": token}

    def proven(self, address: str, credentials: Credentials, transport: Transport) -> Credentials:  # noqa: ARG002
        """As they are: every shop takes a token in the same way."""
        return credentials

    def life(self, credentials: Credentials) -> Life:
        """An hour, or for ever with the token of a custom app."""
        return tokens.life(credentials)

    def refresh(self, address: str, credentials: Credentials, wire: Wire) -> Credentials:
        """New tokens for the refresh token. See `tokens`."""
        return tokens.refresh(address, credentials, wire)

    def webhook_url(self, public_url: str, token: str) -> str:  # noqa: ARG002 -- the contract's signature
        """One address for all shops: each delivery names its own."""
        return f"{public_url.rstrip('/')}/webhooks/shopify"

    def admin_order_url(self, address: str, order_id: int) -> str:
        """The order in Shopify's admin."""
        return f"https://admin.shopify.com/store/{address.removesuffix('.myshopify.com')}/orders/{order_id}"
