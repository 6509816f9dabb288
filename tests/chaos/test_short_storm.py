"""Short forms of the scenarios on one set of real processes, and the proof that the check sees what it is for."""

import pytest
from sqlalchemy import delete, select, update

from backorder.db.tables import deliveries, notices
from backorder.domain.lifecycle import WorkState
from tests.chaos.arena import Arena, arena
from tests.chaos.check import Findings
from tests.chaos.load import Load
from tests.chaos.scenarios.expectation import nothing_lost
from tests.chaos.scenarios.poison import POISONS, poisoned
from tests.chaos.scenarios.redis_away import redis_away
from tests.chaos.scenarios.web import kill_web
from tests.conftest import SERVER


@pytest.mark.timeout(170)
def test_killed_web_processes_an_absent_redis_and_poison_lose_and_double_nothing() -> None:
    with arena("postgres" if SERVER else "sqlite") as here:
        load = Load(here, 1)
        here.rest(60)
        found = [
            *kill_web(here, load, 2),
            *redis_away(here, load, 0.5, ["in an empty folder"]),
            *poisoned(here),
            *nothing_lost(here, load, 0, aside=len(POISONS)),
        ]
        assert [each.sentence for each in found if not each.holds and not each.timing] == []
        the_check_sees_what_it_is_for(here, load)


def the_check_sees_what_it_is_for(here: Arena, load: Load) -> None:
    """A row that vanishes, a mail that nobody wrote, a record that somebody changed: each is found by name."""
    key = next(key for key, said in load.said.items() if said.acknowledged)
    woo = here.stand_ins["woocommerce"]
    noted = next(order for order in woo.state()["orders"] if any("[wl-" in note for note in order["notes"]))
    note = next(note for note in noted["notes"] if "[wl-" in note)
    with here.house.world.database.write() as conn:
        conn.execute(delete(deliveries).where(deliveries.c.dedupe_key == key))
        sent = conn.execute(select(notices.c.id).where(notices.c.state == WorkState.DONE).limit(1)).scalar_one()
        conn.execute(update(notices).where(notices.c.id == sent).values(state=WorkState.DROPPED))
    marker = note.rpartition("[")[2].rstrip("]")
    store = here.stores[1]
    here.house.world.client(store.row(here.house.world)).post_note(noted["id"], "The same once more.", marker)
    found = load.check()
    # The second note is told twice: it stands there, and the store's journal has it.
    assert kinds(found) == {"lost": 1, "doubled": 2, "unexpected": 1}


def kinds(found: Findings) -> dict[str, int]:
    """How many of each kind of fault were found; poison that was put aside is none here."""
    counted = {name: len(getattr(found, name)) for name in ("lost", "doubled", "unexpected", "unlike", "left")}
    return {name: count for name, count in counted.items() if count}
