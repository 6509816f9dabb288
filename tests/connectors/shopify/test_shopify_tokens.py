"""The three grants on the wire, each answer that a shop may give to them, and what a merchant's browser brings back."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import responses

from backorder.domain.errors import (
    AccessLost,
    BadSignature,
    PermanentFailure,
    Rejected,
    StoreClosed,
    TemporaryFailure,
    WaitlineError,
)
from connectors.http import Outgoing, Transport
from connectors.joining import Life, Wire
from connectors.shopify import PLATFORM, tokens
from connectors.shopify.tokens import StaleGrant
from tests.connectors.shopify.conftest import reference

SHOP = "quay-goods.myshopify.com"
URL = f"https://{SHOP}/admin/oauth/access_token"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SECRET = "the newest secret of an app that only these tests know"
ENVIRON = {tokens.CLIENT_ID_SETTING: "the-app", tokens.SECRETS_SETTING: f"{SECRET}, the one before"}
ANSWER = {
    "access_token": "shpat_new",
    "scope": "read_products,write_orders",
    "expires_in": 3600,
    "refresh_token": "shprt_new",
    "refresh_token_expires_in": 7776000,
}
SEALED = {
    "access_token": "shpat_new",
    "scope": "read_products,write_orders",
    "expires_at": "2026-11-20T10:00:00+00:00",
    "refresh_token": "shprt_new",
    "refresh_expires_at": "2027-02-18T09:00:00+00:00",
}
OLD = {
    "access_token": "shpat_old",
    "expires_at": "2026-11-20T08:00:00+00:00",
    "refresh_token": "shprt_old",
    "old_refresh_token": "shprt_older",
}


@pytest.fixture
def wire() -> Wire:
    return Wire(Transport(Outgoing()), lambda: NOW, ENVIRON)


def asked() -> list[dict[str, str]]:
    """What was sent, call by call."""
    return [dict(parse_qsl(str(call.request.body))) for call in responses.calls]


@responses.activate
def test_a_session_token_is_exchanged_for_an_offline_token_that_ends(wire: Wire) -> None:
    responses.post(URL, json=ANSWER)
    assert tokens.exchange(SHOP, "a.b.c", wire) == SEALED
    assert asked() == [
        {
            "client_id": "the-app",
            "client_secret": SECRET,
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "a.b.c",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
            "expiring": "1",
        }
    ]


@responses.activate
def test_a_code_is_redeemed_for_a_token_that_ends(wire: Wire) -> None:
    responses.post(URL, json=ANSWER)
    assert tokens.redeem(SHOP, "a code", wire) == SEALED
    assert asked() == [{"client_id": "the-app", "client_secret": SECRET, "code": "a code", "expiring": "1"}]


@responses.activate
def test_a_refresh_token_is_exchanged_and_kept_behind_the_new_one(wire: Wire) -> None:
    responses.post(URL, json=ANSWER)
    assert tokens.refresh(SHOP, OLD, wire) == {**SEALED, "old_refresh_token": "shprt_old"}
    assert asked() == [
        {
            "client_id": "the-app",
            "client_secret": SECRET,
            "grant_type": "refresh_token",
            "refresh_token": "shprt_old",
        }
    ]


@responses.activate
def test_where_the_last_refresh_token_is_refused_the_one_before_is_tried(wire: Wire) -> None:
    responses.post(URL, status=400, json={"error": "invalid_grant"})
    responses.post(URL, json=ANSWER)
    assert tokens.refresh(SHOP, OLD, wire) == {**SEALED, "old_refresh_token": "shprt_older"}
    assert [call["refresh_token"] for call in asked()] == ["shprt_old", "shprt_older"]


@responses.activate
def test_where_both_are_refused_only_the_merchant_can_help(wire: Wire) -> None:
    responses.post(URL, status=400, json={"error": "invalid_grant"})
    with pytest.raises(AccessLost, match=r"Open the app once in the shop's admin\.$"):
        tokens.refresh(SHOP, OLD, wire)
    assert len(responses.calls) == 2


@pytest.mark.parametrize(
    ("missing", "life"),
    [
        ({"expires_in": None}, Life(NOW + timedelta(hours=1), NOW + timedelta(days=90))),
        ({"expires_in": 0}, Life(NOW + timedelta(hours=1), NOW + timedelta(days=90))),
        ({"expires_in": -5}, Life(NOW + timedelta(hours=1), NOW + timedelta(days=90))),
        ({"expires_in": 1e12}, Life(NOW + timedelta(hours=1), NOW + timedelta(days=90))),
        ({"refresh_token_expires_in": None}, Life(NOW + timedelta(hours=1), NOW + timedelta(days=90))),
        ({"expires_in": 120}, Life(NOW + timedelta(minutes=2), NOW + timedelta(days=90))),
        ({"refresh_token": None}, Life(NOW + timedelta(hours=1), None)),
        ({"refresh_token": None, "expires_in": None}, Life()),
    ],
)
@responses.activate
def test_an_answer_may_leave_out_how_long_a_token_lives(missing: dict[str, Any], life: Life, wire: Wire) -> None:
    responses.post(URL, json={name: value for name, value in (ANSWER | missing).items() if value is not None})
    assert tokens.life(tokens.exchange(SHOP, "a.b.c", wire)) == life


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, '{"error": "invalid_subject_token"}', StaleGrant),
        (400, '{"error": "invalid_request"}', StaleGrant),
        (400, '{"error": "invalid_client"}', PermanentFailure),
        (401, '{"error": "invalid_client"}', PermanentFailure),
        (400, '{"error": "application_cannot_be_found"}', PermanentFailure),
        (400, "<html>no answer of the API</html>", PermanentFailure),
        (403, "[]", PermanentFailure),
        (302, "", StoreClosed),
        (402, "{}", StoreClosed),
        (404, "{}", StoreClosed),
        (423, "{}", StoreClosed),
        (429, "{}", TemporaryFailure),
        (500, "{}", TemporaryFailure),
        (503, "", TemporaryFailure),
        (200, "<html>a page of somebody else</html>", TemporaryFailure),
        (200, "{}", TemporaryFailure),
        (200, '{"access_token": ""}', TemporaryFailure),
        (200, '{"access_token": 7}', TemporaryFailure),
        (200, '["shpat"]', TemporaryFailure),
    ],
)
@responses.activate
def test_every_answer_has_its_meaning(status: int, body: str, expected: type[WaitlineError], wire: Wire) -> None:
    responses.post(URL, status=status, body=body)
    with pytest.raises(WaitlineError) as caught:
        tokens.exchange(SHOP, "a.b.c", wire)
    assert type(caught.value) is expected
    assert "a.b.c" not in str(caught.value)
    assert SECRET not in str(caught.value)


@responses.activate
def test_only_invalid_grant_ends_access_by_refresh(wire: Wire) -> None:
    for error in ("invalid_request", "invalid_client", "server_error"):
        responses.reset()
        responses.post(URL, status=400, json={"error": error})
        with pytest.raises(PermanentFailure) as caught:
            tokens.refresh(SHOP, OLD, wire)
        assert type(caught.value) is PermanentFailure


@responses.activate
def test_an_answer_that_never_came_may_be_asked_for_again(wire: Wire) -> None:
    responses.post(URL, body=ConnectionResetError())
    with pytest.raises(TemporaryFailure):
        tokens.refresh(SHOP, OLD, wire)


@pytest.mark.parametrize("missing", [tokens.CLIENT_ID_SETTING, tokens.SECRETS_SETTING])
def test_settings_that_are_missing_are_named(missing: str, wire: Wire) -> None:
    without = {name: value for name, value in ENVIRON.items() if name != missing}
    with pytest.raises(PermanentFailure, match=missing):
        tokens.exchange(SHOP, "a.b.c", Wire(wire.transport, wire.clock, without))


def signed_answer() -> tuple[dict[str, str], Mapping[str, str], datetime]:
    """The worked example of the reference: its parameters, settings that fit, and its moment."""
    told = json.loads(reference("vectors.json").read_text())
    [vector] = told["oauth_query_hmac"]["vectors"]
    params = dict(parse_qsl(vector["message"])) | {"hmac": vector["hmac"]}
    environ = {tokens.CLIENT_ID_SETTING: told["client_id"], tokens.SECRETS_SETTING: f"newer,{vector['secret']}"}
    return params, environ, datetime.fromtimestamp(int(params["timestamp"]), UTC)


@responses.activate
def test_the_worked_example_of_a_way_back_is_taken() -> None:
    params, environ, moment = signed_answer()
    responses.post("https://backorder-lab.myshopify.com/admin/oauth/access_token", json=ANSWER)
    assert PLATFORM.consent is not None
    admitted = PLATFORM.consent.admit(params, Wire(Transport(Outgoing()), lambda: moment, environ))
    assert (admitted.address, admitted.credentials["access_token"]) == ("backorder-lab.myshopify.com", "shpat_new")
    assert asked()[0]["code"] == params["code"]


@pytest.mark.parametrize("changed", ["code", "host", "shop", "state", "timestamp", "hmac", "more"])
def test_a_way_back_with_anything_changed_is_not_taken(changed: str) -> None:
    params, environ, moment = signed_answer()
    params[changed] = f"{params.get(changed, '')}é"
    assert PLATFORM.consent is not None
    with pytest.raises(BadSignature):
        PLATFORM.consent.admit(params, Wire(Transport(Outgoing()), lambda: moment, environ))


@pytest.mark.parametrize("off", [timedelta(minutes=11), timedelta(minutes=-11)])
def test_a_way_back_of_another_time_is_not_taken(off: timedelta) -> None:
    params, environ, moment = signed_answer()
    assert PLATFORM.consent is not None
    with pytest.raises(Rejected):
        PLATFORM.consent.admit(params, Wire(Transport(Outgoing()), lambda: moment + off, environ))
