"""Calls of the JSON API, and what is the same in each of its answers."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from tests.app.shop import API_TOKEN, TODAY

SOON = TODAY + timedelta(days=5)
BEARER = {"Authorization": f"Bearer {API_TOKEN}"}


def get(browser: FlaskClient, path: str) -> Any:
    found = browser.get(f"/api/v1{path}", headers=BEARER)
    assert (found.status_code, found.content_type) == (200, "application/json"), found.text
    return found.json


def problem(found: Any) -> tuple[int, str]:
    assert found.content_type == "application/problem+json"
    assert found.json["status"] == found.status_code
    assert set(found.json) == {"type", "title", "status", "detail"}
    return found.status_code, found.json["detail"]
