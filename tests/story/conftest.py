"""A stage for each platform."""

from collections.abc import Iterator

import pytest

from connectors import PLATFORMS
from tests.story.stage import Stage


@pytest.fixture(params=sorted(PLATFORMS))
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def closed_stage(platform: str, database_url: str) -> Iterator[Stage]:
    """A shop and a Waitline that do not know of each other yet."""
    stage = Stage(platform, database_url)
    yield stage
    stage.bench.close()


@pytest.fixture
def stage(closed_stage: Stage) -> Stage:
    """A store that is connected and switched on."""
    closed_stage.open()
    return closed_stage
