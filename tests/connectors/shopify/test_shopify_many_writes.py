"""Several writes in one request: each field's own outcome, whatever became of the others."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from backorder.domain.errors import OutcomeUnknown, PermanentFailure
from connectors.http import Transport
from connectors.shopify.client import Admin
from tests.connectors.shopify.conftest import reference

URL = "https://quay-goods.myshopify.com/admin/api/2026-10/graphql.json"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
DONE: dict[str, Any] = {"userErrors": []}
GONE = {"message": "invalid id", "extensions": {"code": "RESOURCE_NOT_FOUND"}, "path": ["second"]}
THEIRS = {"message": "Internal error.", "extensions": {"code": "INTERNAL_SERVER_ERROR"}, "path": ["second"]}


def told(**answer: Any) -> dict[str, str]:
    with responses.RequestsMock() as shop:
        shop.post(URL, json=answer)
        admin = Admin("quay-goods.myshopify.com", "shpat_test", Transport(), lambda: NOW)
        fields = admin.tell_all("write_order", "WriteOrder", {}, done=("ALREADY",))
        return {name: field.refused for name, field in fields.items()}


def test_each_field_says_for_itself_whether_it_was_done() -> None:
    refused = {"userErrors": [{"field": None, "message": "Tag is too long"}]}
    before = {"userErrors": [{"field": None, "message": "Held already", "code": "ALREADY"}]}

    assert told(data={"first": DONE, "second": refused, "third": before}) == {
        "first": "",
        "second": "Tag is too long",
        "third": "",
    }


def test_the_list_of_refusals_may_have_the_mutations_own_name() -> None:
    cancel = {"orderCancelUserErrors": [{"message": "Cannot be cancelled"}], "userErrors": []}

    assert told(data={"first": DONE, "cancel": cancel}) == {"first": "", "cancel": "Cannot be cancelled"}


def test_a_field_that_was_refused_as_a_whole_leaves_the_others_done() -> None:
    assert told(data={"first": DONE, "second": None}, errors=[GONE]) == {
        "first": "",
        "second": "Shopify refused the call: invalid id",
    }


def test_what_is_missing_below_a_field_that_ran_is_no_refusal() -> None:
    below = {"message": "No such thing", "path": ["first", "node", "name"]}

    assert told(data={"first": {**DONE, "node": {"name": None}}}, errors=[below]) == {"first": ""}


def test_a_field_that_may_have_run_leaves_the_whole_request_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        told(data={"first": DONE, "second": None}, errors=[THEIRS])


STILL = "This request is currently in progress, please try again."
RUNNING = {"extensions": {"code": "IDEMPOTENCY_CONCURRENT_REQUEST"}, "path": ["first"], "message": STILL}


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"first": None}, "errors": [RUNNING]},
        {"errors": [{**RUNNING, "path": None}]},
        {"data": {"first": {"userErrors": [{"message": "x", "code": "IDEMPOTENCY_CONCURRENT_REQUEST"}]}}},
        {"data": {"first": {"userErrors": [{"message": STILL}]}}},
        {"data": {"first": None}, "errors": [{"message": "Something", "path": ["first"]}]},
        {"data": {"first": None}, "errors": [{"message": "x", "path": ["first"], "extensions": {"code": "NEW"}}]},
        {"data": {"first": None, "second": None}, "errors": [GONE]},
        {"data": {"first": None}},
        {"data": None},
        {"extensions": {}},
    ],
)
def test_what_may_still_run_or_nobody_tells_of_is_unknown(answer: dict[str, Any]) -> None:
    with pytest.raises(OutcomeUnknown):
        told(**answer)


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"first": None, "second": None}, "errors": [{**GONE, "path": ["first"]}, GONE]},
        {"data": None, "errors": [GONE]},
        {"errors": [{"message": "invalid id: no such field", "path": ["mutation WriteOrder", "first"]}]},
        {"errors": "invalid id"},
    ],
)
def test_a_request_of_which_nothing_ran_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(PermanentFailure, match="invalid id"):
        told(**answer)


def test_every_recorded_refusal_is_told_in_shopifys_words() -> None:
    recorded = json.loads(reference("graphql_recordings/errors.json").read_text())["recorded"]
    refusals = [row for row in recorded if row["kind"] == "user_error"]
    said = [told(data={row["payload"]: {row["list"]: [row["error"]]}}) for row in refusals]

    assert said == [{row["payload"]: row["error"]["message"]} for row in refusals]
    assert len(said) > 90
