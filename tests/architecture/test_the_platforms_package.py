"""What is taken from the package `shopify`: its pure parts. Its sessions are shared between threads, and its calls have
no timeout and follow redirects with the shop's token.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("app", "backorder", "benchmarks", "connectors", "demo", "jobs", "tests")
ALLOWED = {
    "shopify.ApiAccess",
    "shopify.ApiVersion",
    "shopify.session_token.SessionTokenError",
    "shopify.session_token.decode_from_header",
    "shopify.utils.shop_url.sanitize_shop_domain",
}


def taken(source: str) -> set[str]:
    """What a file takes from the package, by its whole name; a module that is taken as such stands for all in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names):
                found |= {each.name for each in names}
            case ast.ImportFrom(str(module), names, 0):
                found |= {f"{module}.{each.name}" for each in names}
    return {name for name in found if name.split(".")[0] == "shopify"}


def test_only_its_pure_parts_are_taken() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if path != Path(__file__)]
    wrong = {str(path.relative_to(ROOT)): more for path in files if (more := taken(path.read_text()) - ALLOWED)}
    assert wrong == {}


@pytest.mark.parametrize(
    "line",
    [
        "import shopify",
        "import shopify as s",
        "from shopify import Session",
        "from shopify import *",
        "from shopify.resources import Order",
        "def f():\n    import shopify.session",
    ],
)
def test_a_call_by_the_package_itself_would_be_noticed(line: str) -> None:
    assert taken(line) - ALLOWED != set()
