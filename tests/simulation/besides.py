"""What else is done in some worlds, and what is looked at there: notes, statuses and moves."""

import json
from collections.abc import Callable, Collection
from datetime import datetime
from random import Random

from sqlalchemy import Connection

from backorder.domain.errors import Rejected
from tests.simulation.box import Box
from tests.simulation.moves import Moves, carries, open_moves
from tests.simulation.notes import Notes, jots, open_notes
from tests.simulation.packing import open_to_ship
from tests.simulation.shopify_site import ShopifySite
from tests.simulation.statuses import Statuses, open_statuses, regards
from tests.simulation.woo_site import WooSite


def open_besides(box: Box) -> None:
    """What merchants of such a world choose on the first day."""
    for done, opens in (
        (box.ways.parcels, open_to_ship),
        (box.ways.notes, open_notes),
        (box.ways.moves, open_moves),
        (box.ways.status, open_statuses),
    ):
        if done:
            opens(box, Random(f"{opens.__name__} {box.seed}"))


def besides(box: Box, die: Random) -> str | None:
    """One of the things that are done in this world besides."""
    ways = box.ways
    one, other = (any(isinstance(site, kind) for site in box.sites) for kind in (ShopifySite, WooSite))
    acts: list[tuple[bool, Callable[[Box, Random], str | None]]] = [
        (ways.notes and one, jots),
        (ways.moves and one, carries),
        (ways.status and other, regards),
    ]
    mine = [act for done, act in acts if done]
    if not mine:
        return None
    act = die.choice(mine)
    try:
        return f"{act.__name__} {act(box, die)}"
    except Rejected as rejected:
        return f"{act.__name__} refused: {rejected}"


class Besides:
    """The checks of one run."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._notes = Notes(box)
        self._moves = Moves(box)
        self._statuses = Statuses(box)
        self._looked: dict[str, datetime] = {}
        """When each worker last asked a shop something."""

    def committing(self, conn: Connection, written: Collection[str]) -> None:
        """Before a transaction is committed."""
        self._moves.committing(conn, written)

    def calling(self, url: str, data: bytes | str | None) -> None:
        """Before a call leaves."""
        if not self._box.ways or not self._box.actors:
            return
        box, actor = self._box, self._box.actors[-1]
        site = next(site for site in box.sites if site.address.removeprefix("https://") in url)
        looked = self._looked.get(actor.name, actor.began)
        if not isinstance(site, ShopifySite):
            if isinstance(site, WooSite) and data:
                self._statuses.writing(actor.name, site, url, data, looked)
            elif isinstance(site, WooSite):
                self._statuses.looking(actor.name, site, url)
                self._looked[actor.name] = box.now
            return
        asked = json.loads(data) if data and url.endswith("/graphql.json") else {}
        name, variables = asked.get("operationName"), asked.get("variables") or {}
        if name == "WriteOrder":
            self._notes.writing(site, variables, looked)
        elif name == "MoveWork":
            self._moves.writing(site, variables, looked)
        else:
            self._looked[actor.name] = box.now

    def ended(self) -> None:
        """At rest."""
        self._notes.ended()
        self._statuses.ended()
