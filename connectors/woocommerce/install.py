"""How a WooCommerce shop is connected: its address and a key that the merchant made in its settings."""

import re
import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from backorder.domain.errors import AccessLost, Rejected
from connectors.http import Transport
from connectors.joining import Credentials, Life, Option, Wire
from connectors.woocommerce.answers import KeyUnknown
from connectors.woocommerce.client import IN_QUERY, KEY_IN, Shop

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_NOT_THE_SHOP = re.compile(r"/(wp-admin|wp-json|wp-login\.php)(/.*)?$")


class WooInstaller:
    """Connecting from the command line."""

    options: Sequence[Option] = (
        Option("url", "the shop's address, with its folder where it has one: https://shop.example"),
        Option("key", "the consumer key (ck_...) of a REST API key with read/write permission"),
        Option("secret", "the consumer secret (cs_...) of that key", secret=True),
        Option(
            "webhook-secret",
            "the secret from which those of the shop's webhooks are made (default: a new random one)",
            secret=True,
        ),
    )

    def address(self, given: Mapping[str, str]) -> str:
        """The shop's own address, however it was pasted: https is added, a path into the admin is cut off."""
        url = given.get("url", "").strip()
        if not url:
            raise Rejected("The shop's address (--url) is missing.")
        try:
            parts = urlsplit(url if "://" in url else f"https://{url}")
            port = parts.port
            host = (parts.hostname or "").rstrip(".").encode("idna").decode()
        except (ValueError, UnicodeError):
            raise Rejected(f"{url!r} is no address of a shop.") from None
        host = f"[{host}]" if ":" in host else host
        if parts.scheme not in ("https", "http") or not _HOST.fullmatch(host) or "@" in parts.netloc:
            raise Rejected(f"{url!r} is no address of a shop. It looks like https://shop.example.")
        usual = {"https": 443, "http": 80}[parts.scheme]
        netloc = host if port in (None, usual) else f"{host}:{port}"
        return f"{parts.scheme}://{netloc}{_NOT_THE_SHOP.sub('', parts.path).rstrip('/')}"

    def credentials(self, given: Mapping[str, str]) -> Credentials:
        """The key, and the secret that webhooks will be signed with: hexadecimal, because the shop decodes entities
        in what it is given.
        """
        key, secret = given.get("key", "").strip(), given.get("secret", "").strip()
        if not key or not secret:
            raise Rejected("Both the consumer key (--key) and the consumer secret (--secret) are needed.")
        if key.startswith("cs_") or secret.startswith("ck_"):
            raise Rejected("The consumer key and the consumer secret are swapped.")
        webhook_secret = given.get("webhook-secret", "") or secrets.token_hex(32)
        return {"key": key, "secret": secret, "webhook_secret": webhook_secret}

    def proven(self, address: str, credentials: Credentials, transport: Transport) -> Credentials:
        """In the header, where hosts write no logs of it; in the query where the host drops that header, which looks
        as if the shop did not know the key. Then whether it may write.
        """
        taken = {name: value for name, value in credentials.items() if name != KEY_IN}
        try:
            Shop(address, taken, transport).prove_reading()
        except KeyUnknown:
            taken |= {KEY_IN: IN_QUERY}
            Shop(address, taken, transport).prove_reading()
        Shop(address, taken, transport).prove_writing()
        return taken

    def life(self, credentials: Credentials) -> Life:  # noqa: ARG002 -- the contract's signature
        """Keys of the REST API never end."""
        return Life()

    def refresh(self, address: str, credentials: Credentials, wire: Wire) -> Credentials:  # noqa: ARG002 -- see life
        """Nothing can be exchanged for a new key: only the merchant makes one."""
        raise AccessLost("The shop no longer takes this key: connect the shop with a new one.")

    def webhook_url(self, public_url: str, token: str) -> str:
        """The beginning of the shop's webhook addresses; each topic has its own."""
        return f"{public_url.rstrip('/')}/webhooks/woocommerce/{token}"

    def admin_order_url(self, address: str, order_id: int) -> str:
        """The order's page in WordPress' admin."""
        return f"{address}/wp-admin/admin.php?page=wc-orders&action=edit&id={order_id}"
