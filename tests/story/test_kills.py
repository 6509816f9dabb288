"""A worker is killed after every effect of the story, one after the other: nothing is lost, nothing is doubled."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from backorder.db import explain_rows
from backorder.domain.actions import ActionKind
from backorder.domain.lifecycle import WorkState
from tests.conftest import SERVER
from tests.story.mortal import Killed, Life, mortal
from tests.story.stage import Shopify, Stage, Woo


@dataclass(frozen=True)
class Outcome:
    """What customers and the merchant see in the end."""

    given: list[tuple[int, int]]
    in_store: list[object]
    mails: Counter[tuple[str, str]]
    notes: Counter[str]
    unknown_mails: int
    unknown_notes: int
    left: tuple[int, int, int]


def play(platform: str, url: str, ends_at: int | None) -> tuple[Outcome, int]:
    """The story with a worker that dies after one effect; the outcome, and how many effects there were."""
    stage = Stage(platform, url)
    stage.open()
    alive = stage.bench.world
    life = Life(ends_at)
    stage.bench.world = mortal(alive, life, stage.writes)

    def settle() -> None:
        try:
            stage.settle()
        except Killed:
            stage.bench.world = alive
            stage.wait(26)
            stage.settle()

    stage.shop.stock("MUG", 0)
    orders = [stage.shop.order("MUG", 3, 5), stage.shop.order("MUG", 2, 6)]
    settle()
    stage.shop.receive("MUG", 4)
    settle()
    stage.bench.world = alive
    found = _outcome(stage, orders)
    stage.bench.close()
    return found, life.effects


def _outcome(stage: Stage, orders: list[int]) -> Outcome:
    with stage.bench.world.database.read() as conn:
        stories = [explain_rows.story(conn, stage.bench.store_id, order, ()) for order in orders]
    health = stage.health()
    unknown = WorkState.UNKNOWN
    return Outcome(
        given=stage.has(*orders),
        in_store=[_in_store(stage, order) for order in orders],
        mails=Counter((m.recipient, m.subject) for m in stage.bench.mails),
        notes=_notes(stage),
        unknown_mails=sum(n.state is unknown for story in stories for n in story.notices),
        unknown_notes=sum(w.state is unknown and w.kind is ActionKind.NOTE for s in stories for w in s.writes),
        left=(health.inbox, health.dirty, health.outbox),
    )


def _in_store(stage: Stage, order: int) -> object:
    if isinstance(stage.shop, Shopify):
        found = stage.shop.app.shop.orders[order]
        return stage.shop.held(order), sorted(found.tags), found.metafield
    assert isinstance(stage.shop, Woo)
    woo = stage.shop.app.shop.orders[order]
    return [{m.key: m.value for m in line.meta if "ship" in m.key} for line in woo.lines], woo.status


def _notes(stage: Stage) -> Counter[str]:
    if not isinstance(stage.shop, Woo):
        return Counter()
    return Counter(note.text for order in stage.shop.app.shop.orders.values() for note in order.notes)


SHARES = 4
"""The effects are shared out over as many tests, so that they can run side by side."""


STRIDE = 6 if SERVER else 1
"""The effects are the same on both engines; on a server, where each story takes longer, every sixth is enough."""


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.timeout(600)
def test_killed_after_every_effect_nothing_is_lost_and_nothing_doubled(
    platform: str, share: int, capsys: pytest.CaptureFixture[str], fresh_database: Callable[[], str]
) -> None:
    clean, effects = play(platform, fresh_database(), None)
    assert (clean.unknown_mails, clean.unknown_notes, clean.left) == (0, 0, (0, 0, 0))
    for k in range(1 + share, effects + 1, SHARES * STRIDE):
        found, _ = play(platform, fresh_database(), k)
        assert (found.given, found.in_store, found.left) == (clean.given, clean.in_store, clean.left), k
        assert found.mails <= clean.mails, k
        assert (clean.mails - found.mails).total() <= found.unknown_mails <= 1, k
        assert set(found.notes.values()) <= {1}, k
        assert found.unknown_mails + found.unknown_notes <= 1, k
    with capsys.disabled():
        which = "each" if STRIDE == 1 else "every sixth"
        print(f"\n{platform}: killed after {which} of {effects} effects ({share + 1} of {SHARES}).")
