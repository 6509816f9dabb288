"""The app's configuration file: made of the tables that the connector works by, and read back."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from app.cli import cli
from connectors.shopify.client import API_VERSION
from connectors.shopify.scopes import TO_ASK, TO_ASK_ALSO
from connectors.shopify.webhooks import TOPICS

URL = "https://waitline.example"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAITLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("WAITLINE_PUBLIC_URL", URL)
    monkeypatch.setenv("WAITLINE_SHOPIFY_CLIENT_ID", 'an id with "marks"')
    runner = CliRunner()
    return lambda *args: runner.invoke(cli, ["shopify", "toml", *args])


def test_the_file_holds_what_the_connector_works_by(run: Any, tmp_path: Path) -> None:
    assert run().output == "shopify.app.toml is written.\n"
    told = tomllib.loads((tmp_path / "shopify.app.toml").read_text())
    assert told == {
        "client_id": 'an id with "marks"',
        "name": "Waitline",
        "application_url": f"{URL}/embedded/shopify/",
        "embedded": True,
        "access_scopes": {"scopes": ",".join(TO_ASK), "optional_scopes": list(TO_ASK_ALSO)},
        "auth": {"redirect_urls": [f"{URL}/install/shopify/callback"]},
        "webhooks": {
            "api_version": API_VERSION,
            "subscriptions": [
                {
                    "compliance_topics": ["customers/data_request", "customers/redact", "shop/redact"],
                    "uri": f"{URL}/webhooks/shopify",
                },
            ],
        },
        "app_proxy": {"url": f"{URL}/proxy/shopify", "prefix": "apps", "subpath": "waitline"},
    }


def test_every_topic_of_the_table_can_be_in_the_file(run: Any) -> None:
    told = tomllib.loads(run("--topics", "all", "--to", "-", "--name", "Ours").output)
    assert told["name"] == "Ours"
    assert told["webhooks"]["subscriptions"][1:] == [{"topics": sorted(TOPICS), "uri": f"{URL}/webhooks/shopify"}]
    assert run("--topics", "none").exit_code == 1


def test_the_addresses_of_the_file_are_there(run: Any, app: Flask) -> None:
    told = tomllib.loads(run("--to", "-").output)
    addresses = [*told["auth"]["redirect_urls"], *(each["uri"] for each in told["webhooks"]["subscriptions"])]
    routes = app.url_map.bind("waitline.example")
    for address in addresses:
        assert routes.test(address.removeprefix(URL), "GET") or routes.test(address.removeprefix(URL), "POST")
