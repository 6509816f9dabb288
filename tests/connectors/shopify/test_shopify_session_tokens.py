"""Session tokens: every vector of the reference data, and what else may stand in one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import datetime as real_datetime
from typing import Any

import jwt
import pytest

from connectors.shopify.session_tokens import shop_of
from connectors.shopify.tokens import App, StaleGrant
from tests.connectors.shopify.conftest import reference

SECRET = "the secret of an app that only these tests know"
OLD = "the secret that this app had before it was rotated"
APP = App("the-app", (SECRET, OLD))
SHOP = "backorder-lab.myshopify.com"


def claims(**other: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    told = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": "the-app",
        "sub": "42",
        "exp": now + timedelta(seconds=60),
        "nbf": now,
        "iat": now,
        "jti": "one",
        "sid": "another",
        **other,
    }
    return {name: value for name, value in told.items() if value is not None}


def signed(secret: str = SECRET, **other: Any) -> str:
    return jwt.encode(claims(**other), secret, algorithm="HS256")


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the package that decodes look at another clock; it has no argument for it."""

    def set_to(moment: int) -> None:
        class Standing(real_datetime):
            @classmethod
            def now(cls, tz: Any = None) -> real_datetime:
                return real_datetime.fromtimestamp(moment, tz)

        monkeypatch.setattr("jwt.api_jwt.datetime", Standing)

    return set_to


def test_every_vector_is_judged_as_the_reference_says(clock_at: Callable[[int], None]) -> None:
    told = json.loads(reference("vectors.json").read_text())
    app = App(told["client_id"], (told["client_secret"], told["old_client_secret"]))
    clock_at(told["session_tokens"]["now"])
    judged = {}
    for vector in told["session_tokens"]["vectors"]:
        try:
            shop_of(vector["token"], app)
        except StaleGrant:
            judged[vector["name"]] = False
        else:
            judged[vector["name"]] = True

    assert judged == {vector["name"]: vector["accept"] for vector in told["session_tokens"]["vectors"]}


@pytest.mark.parametrize("secret", APP.secrets)
def test_a_token_is_good_with_the_current_secret_and_with_the_one_before(secret: str) -> None:
    assert shop_of(signed(secret), APP) == SHOP


def test_the_clocks_of_shop_and_waitline_may_differ_by_a_few_seconds() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=8)
    assert shop_of(signed(nbf=soon), APP) == SHOP


@pytest.mark.parametrize(
    "other",
    [
        {"exp": None},
        {"exp": datetime.now(UTC) - timedelta(minutes=2)},
        {"nbf": datetime.now(UTC) + timedelta(minutes=30)},
        {"aud": "another-app"},
        {"aud": None},
        {"iss": "https://other.myshopify.com/admin"},
        {"iss": f"https://{SHOP}/elsewhere"},
        {"iss": f"http://{SHOP}/admin", "dest": f"http://{SHOP}"},
        {"iss": "https://evil.example/admin", "dest": "https://evil.example"},
        {"iss": f"https://{SHOP}.evil.example/admin", "dest": f"https://{SHOP}.evil.example"},
        {"iss": f"https://evil.example/{SHOP}/admin", "dest": f"https://evil.example/{SHOP}"},
        {"iss": ["a", "list"]},
        {"dest": {"a": "thing"}},
        {"dest": None},
        {"sub": None},
        {"jti": None},
        {"sid": None},
    ],
)
def test_a_token_with_a_claim_that_is_wrong_or_missing_is_not_good(other: dict[str, Any]) -> None:
    try:
        token = signed(**other)
    except TypeError:
        # The library refuses to make a token whose issuer is no text; whoever has the secret need not use it.
        token = jwt.api_jws.encode(json.dumps(claims(**other), default=lambda at: at.timestamp()).encode(), SECRET)
    with pytest.raises(StaleGrant):
        shop_of(token, APP)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "no token",
        "a.b.c",
        "é",
        "\udcff",
        "Bearer " + signed(),
        signed()[:-2],
        signed("the secret of somebody else, thirty-two characters"),
        jwt.encode(claims(), None, algorithm="none"),
        f"{signed()}.{signed()}",
        "." * 2000,
    ],
)
def test_what_is_no_token_of_ours_is_not_good(token: str) -> None:
    with pytest.raises(StaleGrant):
        shop_of(token, APP)
