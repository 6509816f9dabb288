"""Our pages inside Shopify's admin: who opens them, what their head needs, and who may frame them."""

from collections.abc import Mapping, Sequence
from html import escape

from connectors.joining import Credentials, Wire
from connectors.shopify import tokens
from connectors.shopify.scopes import OPTIONAL
from connectors.shopify.session_tokens import shop_of
from connectors.shopify.tokens import app_of
from connectors.shopify.webhooks import shop_domain

_CDN = "https://cdn.shopify.com"
APP_BRIDGE = f"{_CDN}/shopifycloud/app-bridge.js"
POLARIS = f"{_CDN}/shopifycloud/polaris-1.js"


class ShopifyEmbedding:
    """The part of the contract about pages inside the platform."""

    token = "id_token"
    reload = "shopify-reload"
    opened_with: tuple[str, ...] = ("shop", "host", "embedded", "locale")
    retry = ("X-Shopify-Retry-Invalid-Session-Request", "1")
    bridge = "shopify"
    save_bar = "data-save-bar"
    sources: Mapping[str, tuple[str, ...]] = {
        "script-src": (_CDN,),
        "style-src": (_CDN,),
        "font-src": (_CDN,),
        "img-src": (_CDN,),
        "connect-src": ("https://*.shopify.com",),
    }

    def identify(self, token: str, environ: Mapping[str, str]) -> str:
        """The shop that a session token is for. Raises StaleGrant (401) unless all of it is right."""
        return shop_of(token, app_of(environ))

    def credentials(self, address: str, token: str, wire: Wire) -> Credentials:
        """Token exchange. Raises StaleGrant (401) where the token is too old for that."""
        return tokens.exchange(address, token, wire)

    def named(self, params: Mapping[str, str]) -> str:
        """The shop that an address names; not yet believed."""
        return shop_domain(params.get("shop", ""))

    def head(self, environ: Mapping[str, str]) -> str:
        """App Bridge comes first, plainly: Shopify checks that it is the first script. Then the components."""
        client_id = escape(environ.get(tokens.CLIENT_ID_SETTING, ""))
        return (
            f'<meta name="shopify-api-key" content="{client_id}">\n'
            f'  <script src="{APP_BRIDGE}"></script>\n'
            f'  <script src="{POLARIS}"></script>'
        )

    def menu(self, home: str, pages: Sequence[tuple[str, str]]) -> str:
        """App Bridge reads the links and shows them in the admin's own menu; the app's name there leads home."""
        links = "".join(f'<s-link href="{escape(address)}">{escape(name)}</s-link>' for address, name in pages)
        return f'<s-app-nav><s-link href="{escape(home)}" rel="home">Home</s-link>{links}</s-app-nav>'

    def to_allow(self, lacking: str) -> str:
        """The optional scope without which that is off; App Bridge asks for those of the app's configuration."""
        return next((scope for scope, sentence in OPTIONAL.items() if sentence == lacking), "")

    def frame_ancestors(self, address: str) -> tuple[str, ...]:
        """The shop itself, and the admin."""
        return (f"https://{address}", "https://admin.shopify.com")
