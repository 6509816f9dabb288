"""Notes of orders: what people write there stays, our one line comes and goes, and who deletes it is heard."""

import re
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from backorder.db.columns import EPOCH
from jobs import steer
from tests.simulation.box import Box, Violation
from tests.simulation.happened import Words
from tests.simulation.rules import in_mid_write
from tests.simulation.shopify_site import ShopifySite

OURS = re.compile(r"\[Waitline: [^\]]*\]")
NOTHING_SAID = Words(EPOCH, (), deleted=False)


def open_notes(box: Box, die: Random) -> None:
    """Most merchants of such a world want the line."""
    for site in box.sites:
        if isinstance(site, ShopifySite) and die.random() < 0.85:
            steer.save_policy(box.world, box.ids[site.name], order_note=True)


def jots(box: Box, die: Random) -> str | None:
    """Somebody writes something into an order's note, or deletes what is there."""
    sites = [site for site in box.sites if isinstance(site, ShopifySite)]
    if not sites:
        return None
    site = die.choice(sites)
    if die.random() < 0.08:
        wanted = die.random() < 0.5
        steer.save_policy(box.world, box.ids[site.name], order_note=wanted)
        box.noted_anew[site.name] = box.now
        return f"{site.name} wants lines in notes: {wanted}"
    notes = {order.id: order.note for order in site.app.shop.orders.values()}
    lined = [order for order, note in notes.items() if OURS.search(note)]
    if not notes:
        return None
    order = die.choice(lined if lined and die.random() < 0.8 else list(notes))
    there = notes[order]
    word = f"word{len(box.words)}-{die.randrange(1000)}"
    text = die.choice([f"{word} {there}", f"{there} {word}", f"{word}\n{there}\n", OURS.sub("", there), word])
    site.app.trade.write_note(order, text)
    gone = OURS.search(there) is not None and OURS.search(text) is None
    deleted = gone and not in_mid_write(box.ask, box.ids[site.name], order)
    box.words[site.name, order] = Words(box.now, theirs(text), deleted)
    return f"{site.name} {order}: {text!r}"


def theirs(note: str) -> tuple[str, ...]:
    """The words of a note that are not ours."""
    return tuple(OURS.sub(" ", note).split())


class Notes:
    """The checks of one run."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def writing(self, site: ShopifySite, variables: Mapping[str, Any], looked: datetime) -> None:
        """Before an order is written to by somebody who looked at it at that time."""
        if "note" not in variables:
            return
        box, order, text = self._box, site.order_of(variables["id"]), variables["note"]
        said = box.words.get((site.name, order), NOTHING_SAID)
        if said is None:
            return
        if said.at >= looked:
            # It is one text, and who writes it last has written it: nobody can see what is written at that moment.
            box.words[site.name, order] = None
            return
        if theirs(text) != said.words:
            raise Violation(f"{site.name}: in the note of order {order} stood {said.words}, and it becomes {text!r}.")
        anew = box.noted_anew.get(site.name, EPOCH)
        if OURS.search(text) is None or not said.deleted or said.at >= box.step_began or anew > said.at:
            return
        decided = box.sql.execute(
            "SELECT COUNT(*) FROM decisions WHERE store_id = ? AND order_id = ? AND at > ?",
            (box.ids[site.name], order, int((said.at - EPOCH).total_seconds() * 1_000_000)),
        ).fetchone()[0]
        if not decided:
            raise Violation(
                f"{site.name}: our line was deleted from the note of order {order}, and is put there again."
            )

    def ended(self) -> None:
        """At rest: the words of people are there, all of them and no others of theirs."""
        for (name, order), said in self._box.words.items():
            site = next(site for site in self._box.sites if site.name == name)
            assert isinstance(site, ShopifySite), "others have no notes that people and we write"
            known = site.app.shop.orders.get(order)
            note = known.note if known is not None else None
            if said is not None and note is not None and theirs(note) != said.words:
                raise Violation(f"{name}: in the note of order {order} stood {said.words}, and now {note!r}.")
