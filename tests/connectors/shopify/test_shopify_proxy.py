"""The app proxy: every parameter signed, lately, by Shopify."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from backorder.domain.errors import BadSignature
from connectors.contract import StoreRef
from connectors.shopify.proxy import ShopifyProxy, signed_text
from tests.connectors.shopify.conftest import reference

PROXY = ShopifyProxy()


def vectors() -> list[Any]:
    found: list[Any] = json.loads(reference("vectors.json").read_text(encoding="utf-8"))["app_proxy_signature"][
        "vectors"
    ]
    return found


def params(vector: Any) -> list[tuple[str, str]]:
    return parse_qsl(vector["query_string"], keep_blank_values=True)


def signed_at(vector: Any) -> datetime:
    return datetime.fromtimestamp(int(dict(params(vector))["timestamp"]), UTC)


def refused(given: list[tuple[str, str]], secrets: list[bytes], now: datetime) -> bool:
    try:
        PROXY.verify(given, secrets, now)
    except BadSignature:
        return True
    return False


@pytest.mark.parametrize("at", [0, 1])
def test_a_recorded_call_is_believed_and_an_altered_one_is_not(at: int) -> None:
    vector = vectors()[at]
    given, secret, now = params(vector), vector["secret"].encode(), signed_at(vector)

    assert signed_text(given) == vector["message"]
    assert not refused(given, [b"other", secret], now + timedelta(seconds=90))
    assert refused(given, [secret], now + timedelta(seconds=91))
    assert refused(given, [secret], now - timedelta(seconds=91))
    assert refused([*given, ("variant", "1")], [secret], now)
    assert refused([pair for pair in given if pair[0] != "signature"], [secret], now)
    assert refused(given, [b""], now)


def test_a_signature_that_is_not_ascii_is_refused_like_any_other() -> None:
    assert refused([("shop", "quay-a.myshopify.com"), ("signature", "é")], [b"secret"], datetime.now(UTC))


def test_a_shop_that_is_named_twice_is_none() -> None:
    assert PROXY.find([("shop", "quay-a.myshopify.com")]) == StoreRef(address="quay-a.myshopify.com")
    assert PROXY.find([("shop", "quay-a.myshopify.com"), ("shop", "quay-b.myshopify.com")]) is None
    assert PROXY.find([("shop", "evil.example")]) is None
