"""The stand-in's office for access: tokens end, refresh tokens rotate, the admin frames the app."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import Client

from demo.stores.shopify import ShopifyShop

SECRET = "the secret of an app that only these tests know"


class Caller:
    """An app that asks the shop for tokens and calls it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 9, tzinfo=UTC)
        self.shop = ShopifyShop(clock=lambda: self.now, deliver=lambda *_: 200, client_id="the-app", secret=SECRET)
        self.browser = Client(self.shop)

    def ask(self, **form: str) -> dict[str, Any]:
        given = {"client_id": "the-app", "client_secret": SECRET, **form}
        answer = self.browser.post("/admin/oauth/access_token", data=given).json
        assert isinstance(answer, dict)
        return answer

    def first(self) -> dict[str, Any]:
        token = self.shop.office.id_token(datetime.now(UTC))
        kind = "urn:ietf:params:oauth:grant-type:token-exchange"
        return self.ask(grant_type=kind, subject_token=token, expiring="1")

    def refresh(self, token: str) -> dict[str, Any]:
        return self.ask(grant_type="refresh_token", refresh_token=token)

    def works(self, token: str) -> bool:
        headers = {"X-Shopify-Access-Token": token}
        call = {"query": "{ shop { name } }"}
        return self.browser.post("/admin/api/2026-10/graphql.json", json=call, headers=headers).status_code == 200


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_a_token_works_for_an_hour(caller: Caller) -> None:
    token = caller.first()["access_token"]
    caller.now += timedelta(minutes=59)
    assert caller.works(token)
    caller.now += timedelta(minutes=1)
    assert not caller.works(token)


def test_a_used_refresh_token_works_until_its_replacement_was_used(caller: Caller) -> None:
    first = caller.first()["refresh_token"]
    lost = caller.refresh(first)
    again = caller.refresh(first)
    assert lost["refresh_token"] != again["refresh_token"]
    assert (caller.works(lost["access_token"]), caller.works(again["access_token"])) == (False, True)

    assert sorted(caller.refresh(again["refresh_token"])) == sorted(again)
    assert caller.refresh(first)["error"] == "invalid_grant"


def test_a_refresh_token_ends_after_ninety_days(caller: Caller) -> None:
    first = caller.first()["refresh_token"]
    caller.now += timedelta(days=90)
    assert caller.refresh(first)["error"] == "invalid_grant"


def test_only_the_app_is_given_tokens(caller: Caller) -> None:
    assert caller.ask(client_secret="another")["error"] == "invalid_client"
    assert caller.ask(code="never given")["error"] == "invalid_request"
    assert caller.ask(subject_token="x", grant_type="urn:ietf:params:oauth:grant-type:token-exchange")["error"] == (
        "invalid_subject_token"
    )
    assert caller.browser.get("/admin/oauth/authorize?client_id=another").status_code == 400


def test_the_admin_frames_the_app_with_a_token(caller: Caller) -> None:
    page = caller.browser.get(f"/admin/apps/settings?at={quote('https://waitline.example/embedded/shopify')}").text
    assert (
        page.count('<iframe src="https://waitline.example/embedded/shopify/settings?shop=lab-goods.myshopify.com') == 1
    )
