"""Our line in an order's note: what people write there is theirs."""

from typing import Any

import pytest

from backorder.domain.actions import StoreSide
from backorder.domain.errors import PlanOutdated
from connectors.shopify.note_line import MOST, line_in, rewritten, with_line
from tests.connectors.shopify.conftest import Lab

LINE = "Backorder: 2 of 3 wait, expected 12-15 January 2027"
MARKED = f"[Waitline: {LINE}]"


@pytest.mark.parametrize("note", ["", "Ring twice", "Ring twice\r\n", "\nRing [twice]", "[Waitline", "ß\n\n日本\u2028"])
def test_a_line_that_comes_and_goes_leaves_the_note_as_people_wrote_it(note: str) -> None:
    with_ours = with_line(note, LINE)
    assert with_ours is not None
    assert (with_ours.startswith(note), line_in(with_ours), with_line(with_ours, "")) == (True, LINE, note)
    assert (rewritten(with_ours, LINE), rewritten(note, "")) == (None, None)


@pytest.mark.parametrize(
    ("before", "after", "without"),
    [
        (f"{MARKED}\nCall Ada", "[Waitline: other]\nCall Ada", "Call Ada"),
        (f"Gift\r\n{MARKED}\r\nCall Ada", "Gift\r\n[Waitline: other]\r\nCall Ada", "Gift\r\nCall Ada"),
        (f"Gift\n{MARKED} called on 3 Dec", "Gift\n[Waitline: other] called on 3 Dec", "Gift called on 3 Dec"),
        (f"{MARKED}\n{MARKED}", "[Waitline: other]\n[Waitline: other]", ""),
    ],
)
def test_what_people_write_around_the_line_stays_when_it_changes_and_when_it_goes(
    before: str, after: str, without: str
) -> None:
    assert (with_line(before, "other"), with_line(before, "")) == (after, without)


def test_a_note_without_room_is_left_as_it_is() -> None:
    room = len(MARKED) + 1
    full = "x" * (MOST - room)
    assert (len(with_line(full, LINE) or ""), with_line(full + "x", LINE)) == (MOST, None)


def noted(lab: Lab, text: str = "Ring twice") -> int:
    """An order with words of its customer."""
    order = lab.order(2)
    lab.shop.trade.write_note(order, text)
    return order


def test_the_line_goes_along_in_the_one_request_of_a_write_and_a_second_push_writes_nothing(lab: Lab) -> None:
    order = noted(lab)
    calls = len(lab.transport.calls)
    side = StoreSide(tags=("backorder",), noted=LINE)
    assert lab.client.push(order, side, "k") == side
    assert (lab.known(order).note, len(lab.transport.calls) - calls) == (f"Ring twice\n{MARKED}", 2)
    assert (lab.client.push(order, side, "k2"), lab.shop.writes) == (side, ["metafieldsSet", "tagsAdd", "orderUpdate"])


def test_words_written_between_a_look_ahead_and_the_write_are_kept(lab: Lab) -> None:
    order = noted(lab)
    lab.client.look_ahead([order])
    lab.shop.trade.write_note(order, "Ring three times")
    lab.client.push(order, StoreSide(noted=LINE), "k")
    assert lab.known(order).note == f"Ring three times\n{MARKED}"


def test_a_line_that_a_person_deleted_since_is_not_written_before_that_was_taken_in(lab: Lab) -> None:
    order = noted(lab)
    assumed = lab.client.push(order, StoreSide(noted="the line before"), "k")
    lab.shop.trade.write_note(order, "Ring twice")
    with pytest.raises(PlanOutdated):
        lab.client.push(order, StoreSide(noted=LINE), "k2", assumed=assumed)
    assert lab.known(order).note == "Ring twice"


def test_a_push_tells_that_the_note_had_no_room(lab: Lab) -> None:
    order = noted(lab, "x" * MOST)
    assert lab.client.push(order, StoreSide(tags=("backorder",), noted=LINE), "k") == StoreSide(tags=("backorder",))
    assert (lab.known(order).note, lab.known(order).tags) == ("x" * MOST, ["backorder"])


def test_what_would_be_written_shows_the_whole_note(lab: Lab) -> None:
    order = noted(lab)
    (intended,) = lab.client.preview({order: StoreSide(noted=LINE)})[order]
    told: dict[str, Any] = dict(intended.variables)
    assert (told.pop("annotate"), told.pop("note"), list(told)) == (True, f"Ring twice\n{MARKED}", ["id"])
