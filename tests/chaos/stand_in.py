"""One stand-in store as a process of its own: `python -m tests.chaos.stand_in shopify PORT FILE`.

Sends its webhooks as soon as something happens, later and later while they are refused, and writes each try with the
answer as a line of JSON into FILE. `GET /_journal` tells what calls have changed in it, whoever holds its turn,
`/_locations` where its goods lie; after `/_deaf` nobody is told what happens, until `/_hears`.
"""

import json
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from connectors import get
from connectors.contract import Delivery
from demo.mailbox import HOST, SilentRequests
from demo.stores.shopify import ShopifyShop
from demo.stores.woocommerce import WooShop
from tests.processes.running import SHOPIFY_DOMAIN, SHOPIFY_SECRET

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOCATIONS = ("Main warehouse", "Shop floor")
SOON_SECONDS = 0.05
LATEST_SECONDS = 8.0


class Carrier:
    """Carries webhooks to Waitline and notes each try."""

    def __init__(self, platform: str, told: IO[str]) -> None:
        self._webhooks = get(platform).webhooks
        self._told = told
        self._session = requests.Session()
        self._session.trust_env = False
        self.refused = False
        """Whether a try failed since this was last set back. A store that is refused waits before it goes on."""
        self.deaf = False
        """Whether what happens now is told to nobody, as if each webhook was lost on its way."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        if self.deaf:
            return 200
        lowered = {name.lower(): value for name, value in headers.items()}
        began = time.monotonic()
        try:
            answer = self._session.post(url, data=body, headers=dict(headers), timeout=(1, 5), allow_redirects=False)
            status = answer.status_code
        except requests.RequestException:
            status = 0
        self.refused = self.refused or not 200 <= status < 300
        delivery = Delivery(lowered, body, datetime.now(UTC))
        if not self._webhooks.is_ping(delivery):
            key = self._webhooks.dedupe_key(delivery)
            self._told.write(f"{json.dumps([key, status, round(time.monotonic() - began, 4)])}\n")
            self._told.flush()
        return status


def main(platform: str, port: int, file: Path, address: str) -> None:
    """Serve until killed."""
    with file.open("a") as told:
        carrier = Carrier(platform, told)
        shop: ShopifyShop | WooShop
        if platform == "shopify":
            shop = ShopifyShop(domain=SHOPIFY_DOMAIN, secret=SHOPIFY_SECRET, deliver=carrier, locations=LOCATIONS)
        else:
            shop = WooShop(address=address, deliver=carrier)

        def deliver() -> None:
            wait = SOON_SECONDS
            while True:
                time.sleep(wait)
                carrier.refused = False
                shop.deliver()
                wait = min(max(wait, 0.25) * 2, LATEST_SECONDS) if carrier.refused else SOON_SECONDS

        def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            asked = environ["PATH_INFO"]
            told: object = {}
            if asked in ("/_deaf", "/_hears"):
                carrier.deaf = asked == "/_deaf"
            elif asked == "/_locations":
                told = list(shop.shop.locations) if isinstance(shop, ShopifyShop) else []
            elif asked == "/_journal":
                told = [astuple(effect) for effect in list(shop.journal.effects)]
            else:
                return shop(environ, start_response)
            return Response(json.dumps(told, default=str), content_type="application/json")(environ, start_response)

        threading.Thread(target=deliver, daemon=True).start()
        make_server(HOST, port, answer, threaded=True, request_handler=SilentRequests).serve_forever(0.1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
