"""The file that a bulk query leaves: lines of JSON, asked for piece by piece, put together to orders. Memory for one
piece and one order; nothing of ours but the request leaves for where it lies.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from backorder.domain.errors import AccessLost, PermanentFailure, TemporaryFailure
from connectors.http import Transport
from connectors.shopify.client import Json

PIECE = 1024 * 1024
"""Bytes asked for at a time."""
LONGEST = 8 * 1024 * 1024
"""Bytes of a line above which the file is not what was asked for."""
MOST_BELOW = 20_000
"""Lines below one order above which it is not: no order has as many."""
HOSTS = frozenset({"storage.googleapis.com"})
"""Where Shopify lays such files."""
_LISTS = {"LineItem": "lineItems", "FulfillmentOrder": "fulfillmentOrders", "FulfillmentOrderLineItem": "lineItems"}
"""Which list of its parent a line belongs to, by what it is."""


class NoUse(PermanentFailure):
    """The list cannot be had this way; the sentence says why."""


class NotNow(TemporaryFailure):
    """A piece of the file did not come. The shop itself is well."""


class BulkFile:
    """One file at the address that the shop told; `size` in bytes, as the shop told it."""

    def __init__(self, transport: Transport, shop: str, url: str, size: int, piece: int = PIECE) -> None:
        """Raises NoUse where the address is none of Shopify's."""
        parts = urlsplit(url)
        if parts.scheme != "https" or "@" in parts.netloc or parts.port not in (None, 443):
            raise NoUse("The shop's list lies at an address that is not asked.")
        if parts.hostname not in HOSTS | {shop}:
            raise NoUse("The shop's list lies at an address that is not Shopify's.")
        self._transport = transport
        self._url = url
        self._size = size
        self._piece = piece

    def orders(self, offset: int) -> Iterator[tuple[Json, int]]:
        """Each order from a byte on, as a query by id would tell it, and where the one behind it begins.

        Raises NotNow where a piece did not come, NoUse where the file is not what was asked for.
        """
        root: Json | None = None
        below: list[Json] = []
        begins = offset
        for line, behind in self._lines(offset):
            told = _parsed(line)
            if "__parentId" in told:
                below.append(told)
                if root is None or len(below) > MOST_BELOW:
                    raise NoUse("The shop's list is not in the order that was asked for.")
            else:
                if root is not None:
                    yield _whole(root, below), begins
                root, below = told, []
            begins = behind
        if root is not None:
            yield _whole(root, below), self._size

    def _lines(self, offset: int) -> Iterator[tuple[bytes, int]]:
        """Each line that is not empty, and where the one behind it begins."""
        rest = b""
        while offset + len(rest) < self._size:
            rest += self._part(offset + len(rest))
            *lines, rest = rest.split(b"\n")
            for line in lines:
                offset += len(line) + 1
                if line.strip():
                    yield line, offset
            if len(rest) > LONGEST:
                raise NoUse("The shop's list has a line that is too long.")
        if rest.strip():
            yield rest, self._size

    def _part(self, start: int) -> bytes:
        end = min(start + self._piece, self._size)
        # Packed on the way, a file has no bytes to count by.
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        try:
            reply = self._transport.request("GET", self._url, headers=headers)
        except AccessLost:
            raise
        except PermanentFailure as error:
            raise NoUse("The shop's list lies at an address that is not asked.") from error
        except TemporaryFailure as error:
            raise NotNow(f"The shop's list did not come. {error}") from error
        if reply.status >= 500 or reply.status in (408, 429):
            raise NotNow(f"The shop's list did not come ({reply.status}).")
        if reply.status not in (200, 206):
            raise NoUse(f"The shop's list is no longer there ({reply.status}).")
        # Who does not know ranges answers with all of it.
        part = reply.body if reply.status == 206 else reply.body[start:end]
        if len(part) != end - start:
            raise NotNow("The shop's list came incomplete.")
        return part


def _parsed(line: bytes) -> Json:
    try:
        told: Any = json.loads(line)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise NoUse("The shop's list cannot be read.")
    return told


def _whole(root: Json, below: list[Json]) -> Json:
    """An order with what stands below it in its lists. A child stands behind its parent, wherever."""
    order: Json = {**root, "lineItems": {"nodes": []}, "fulfillmentOrders": {"nodes": []}}
    parents: dict[str, Json] = {str(root.get("id")): order}
    for told in below:
        kind = str(told.get("id")).removeprefix("gid://shopify/").partition("/")[0]
        parent = parents.get(str(told["__parentId"]))
        if parent is None or _LISTS.get(kind) not in parent:
            raise NoUse("The shop's list is not in the order that was asked for.")
        node = {**told, "lineItems": {"nodes": []}} if kind == "FulfillmentOrder" else told
        parent[_LISTS[kind]]["nodes"].append(node)
        parents[str(told["id"])] = node
    return order
