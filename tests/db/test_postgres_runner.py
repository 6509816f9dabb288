"""What `make test-postgres` leaves out."""

import pytest

from tests.postgres import ROOT, WITHOUT_SERVER


def test_no_test_that_is_left_out_on_a_server_asks_for_a_database(request: pytest.FixtureRequest) -> None:
    left_out = [ROOT / "tests" / path for path in WITHOUT_SERVER]
    assert [path for path in left_out if not path.exists()] == []
    wrongly = [
        item.nodeid
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and "migrated" in item.fixturenames
        and any(item.path.is_relative_to(path) for path in left_out)
    ]
    assert wrongly == []
