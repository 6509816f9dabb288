"""What an answer of a shop means: the error family, and the one sentence that tells the merchant what to do. Pure.

WordPress' own messages are in the shop's language, so only its codes are looked at; its words are passed on where they
may help.
"""

from typing import Any
from urllib.parse import urljoin, urlsplit

from backorder.domain.errors import (
    AccessLost,
    OutcomeUnknown,
    PermanentFailure,
    StoreClosed,
    TemporaryFailure,
    TurnedAway,
    WaitlineError,
)
from connectors.http import Reply
from connectors.woocommerce.payloads import ShopError

HOUR = 3600.0
NOT_NOW = (408, 425, 429, 503)
KEYS_PAGE = "WooCommerce > Settings > Advanced > REST API"

NEW_KEY = f"Make a new one with the permission Read/Write under {KEYS_PAGE} and connect the store with it."
REFUSED = f"The store refuses our key: its secret is wrong, or it lacks a permission. {NEW_KEY}"
UNKNOWN_KEY = (
    f"The store knows no such key: it was revoked, or the store's host drops the header that it comes in. {NEW_KEY}"
)
DEMOTED = (
    "Whoever made our key may no longer manage the shop. Let an administrator or shop manager make a new one with the "
    f"permission Read/Write under {KEYS_PAGE} and connect the store with it."
)
READS_ONLY = (
    f"The key may only read. Choose the permission Read/Write for it under {KEYS_PAGE} and connect the store again."
)
CLOSED = (
    "A plugin of the store closes its REST API. Let this key through in the settings of that security plugin, then "
    "connect the store again."
)
NO_API = (
    "There is a page but no REST API at the store's address. Is a folder missing in it? Are its permalinks plain? Then "
    "choose any other kind under Settings > Permalinks."
)
FIREWALL = (
    "The store's host, or a firewall in front of it, answers with a page instead of data. If this stays, let calls of "
    "Waitline through there."
)
NOT_INSTALLED = (
    "The store does not know this part of the REST API. Is WooCommerce switched on? It is asked again within an hour."
)
MAINTENANCE = "The store is in maintenance. Calls go on by themselves."
THROTTLED = "The store's host wants fewer calls. They go on by themselves."
HOST_DOWN = "The store's host does not get through to the shop ({status}). Calls go on by themselves."
BROKEN = (
    "The store has a fault of its own ({status}). If it stays, look for a fatal error in WooCommerce > Status > Logs."
)
REFUSES = "The store refused a call of ours ({status}): tell whoever runs Waitline."
NOT_REFUNDED = (
    "The store did not refund it: its way of payment cannot give money back by itself, or the amount is more than is "
    "left. Look at the payment, give the money back there, and accept the cancellation without a refund."
)
REDIRECTS = "The store answers with a redirect. Connect it with the address that your browser shows for the shop."
REDIRECTS_TO = "The store answers with a redirect to {target}. Connect it with exactly that address."


class NoSuchObject(PermanentFailure):
    """The shop does not have (any more) what was asked for by id."""


class NoSuchRoute(TemporaryFailure):
    """The shop does not know the route: an older version, a feature switched off, or WooCommerce itself off."""


class KeyUnknown(AccessLost):
    """The shop saw no key that it knows. A host that drops the header looks exactly like that."""


class KeyRefused(AccessLost):
    """The shop knows the key: its secret is wrong, or it lacks the permission to do this."""


def failure(method: str, url: str, reply: Reply) -> WaitlineError | None:
    """The error that an answer stands for; `None` where the call succeeded. `url` is the one that was called."""
    status = reply.status
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return StoreClosed(_redirected(url, reply.headers.get("location", "")))
    error = error_in(reply)
    if status in NOT_NOW:
        return _not_now(reply, error)
    if status >= 500 and error is not None and error.code == "woocommerce_rest_cannot_create_order_refund":
        # The shop's own refusal, though with the number of a fault: it takes the refund that it had begun back.
        return PermanentFailure(NOT_REFUNDED + _said(error))
    if status >= 500:
        gateway = error is None and status in (502, 504)
        sentence = (HOST_DOWN if gateway else BROKEN).format(status=status) + _said(error)
        if method != "GET":
            # A host that gives up in the middle may have done the work.
            return OutcomeUnknown(sentence)
        return TemporaryFailure(sentence, reply.retry_after or 60.0)
    if status in (401, 403):
        return _refused(status, error)
    if status == 404:
        return _absent(error)
    return PermanentFailure(REFUSES.format(status=status) + _said(error))


def error_in(reply: Reply) -> ShopError | None:
    """WordPress' own words; `None` for a page of somebody else."""
    try:
        told = told_in(reply)
    except TemporaryFailure:
        return None
    return ShopError.model_validate(told) if isinstance(told, dict) and "code" in told else None


def told_in(reply: Reply) -> Any:
    """The data of an answer. Raises TemporaryFailure where a page came instead."""
    kind = reply.headers.get("content-type", "")
    if "html" not in kind:
        try:
            return reply.json()
        except TemporaryFailure:
            pass
    raise TemporaryFailure(NO_API, 60.0)


def _not_now(reply: Reply, error: ShopError | None) -> TemporaryFailure:
    """Who is told when to come again, or that there were too many calls, has not met a failure."""
    wait = reply.retry_after
    busy = reply.status == 429 or (reply.status == 503 and wait is not None)
    family = TurnedAway if busy else TemporaryFailure
    if reply.status == 503 and error is None and "html" in reply.headers.get("content-type", ""):
        return family(FIREWALL, wait or 60.0)
    sentence = MAINTENANCE if reply.status == 503 else THROTTLED
    return family(sentence + _said(error), wait or 60.0)


def _refused(status: int, error: ShopError | None) -> WaitlineError:
    if error is None:
        return TemporaryFailure(FIREWALL, 600.0)
    if error.code == "woocommerce_rest_authentication_error":
        return KeyRefused(REFUSED + _said(error))
    if error.code.startswith("woocommerce_rest_cannot_"):
        return KeyUnknown(UNKNOWN_KEY) if status == 401 else AccessLost(DEMOTED)
    return AccessLost(CLOSED + _said(error))


def _absent(error: ShopError | None) -> WaitlineError:
    if error is None:
        return TemporaryFailure(NO_API, HOUR)
    if error.code == "rest_no_route":
        return NoSuchRoute(NOT_INSTALLED, HOUR)
    return NoSuchObject(f"The store does not have it any more.{_said(error)}")


def _said(error: ShopError | None) -> str:
    return f" It says: {error.message[:200]}" if error is not None and error.message else ""


def _redirected(url: str, location: str) -> str:
    """Names the shop's address behind a redirect, where it can be seen in it: what stands before the REST API."""
    try:
        target = urlsplit(urljoin(url, location))
        port = f":{target.port}" if target.port is not None else ""
    except ValueError:
        return REDIRECTS
    folder, found, _ = target.path.partition("/wp-json/")
    if target.scheme not in ("https", "http") or not target.hostname or not found:
        return REDIRECTS
    # Never what stands in front of an @, and never the query: it may be our own, with the key in it.
    host = f"[{target.hostname}]" if ":" in target.hostname else target.hostname
    return REDIRECTS_TO.format(target=f"{target.scheme}://{host}{port}{folder}")
