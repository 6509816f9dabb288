"""What was to be said was said: notes at a shop's orders, and that goods are here."""

from tests.simulation import rules
from tests.simulation.box import Box, Violation
from tests.simulation.happened import Mail
from tests.simulation.site import Site

NOTES = "SELECT id, order_id FROM actions WHERE store_id = ? AND kind = 'note' AND state = 'done'"
HERE = (
    "SELECT order_id FROM orders o WHERE store_id = ? AND status = 'open' AND paid AND EXISTS (SELECT 1 FROM notices n "
    " WHERE n.store_id = o.store_id AND n.order_id = o.order_id AND n.kind = 'backordered' AND n.state = 'done') "
    "AND NOT EXISTS (SELECT 1 FROM parts p JOIN order_lines l USING (store_id, order_id, line_id) "
    " WHERE p.store_id = o.store_id AND p.order_id = o.order_id AND p.outstanding > p.firm) "
    "AND EXISTS (SELECT 1 FROM parts p JOIN order_lines l USING (store_id, order_id, line_id) "
    " WHERE p.store_id = o.store_id AND p.order_id = o.order_id AND p.firm > 0 AND l.backordered_at IS NOT NULL"
    " AND l.ignored IS NULL AND l.cancel_wished_at IS NULL) "
    "AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.store_id = o.store_id AND n.order_id = o.order_id "
    " AND n.kind IN ('allocated', 'shipped'))"
)
"""Orders whose customers were told to wait, of which all is there and may leave, and nobody ever meant to say so."""
SHIPPED = (
    "SELECT COALESCE(SUM(shipped), 0) FROM order_lines "
    "WHERE store_id = ? AND order_id = ? AND backordered_at IS NOT NULL"
)


def told_to_wait(box: Box, mail: Mail) -> None:
    """Remember of how many units a customer who is told to wait reads that they may leave all the same."""
    if "on backorder" not in mail.message.subject:
        return
    _, store, notice = mail.message.message_id.partition("@")[0].split("-")
    order = box.sql.execute("SELECT order_id FROM notices WHERE id = ?", (int(notice),)).fetchone()[0]
    box.may_leave[int(store), order] = _may_leave(box, int(store), order)


def _may_leave(box: Box, store_id: int, order: int) -> int:
    """Units of lines that ever waited that have left or may leave, as the tables keep units."""
    policy, chosen = rules.policy_of(box.ask, store_id), rules.chosen_of(box.ask, store_id)[order]
    parts = rules.owed_of(box.ask, store_id).get(order, [])
    stay = rules.must_stay(policy, chosen, parts, rules.day_of(policy, box.now))
    units: int = box.ask(SHIPPED, (store_id, order))[0][0]
    for part in parts:
        if part.backordered_at is not None:
            free = part.allocated - stay.get((part.line_id, part.location), 0) if chosen.paid else 0
            units += max(part.firm, free)
    return units


def notes_are_there(box: Box, site: Site) -> None:
    """Each note that counts as posted stands in the shop, once. Raises Violation."""
    store_id = box.ids[site.name]
    posted: dict[tuple[int, str], int] = {}
    for effect in site.effects():
        if effect.kind == "POST note":
            key = (int(effect.target), effect.operation)
            posted[key] = posted.get(key, 0) + 1
    for action, order in box.sql.execute(NOTES, (store_id,)):
        count = posted.get((order, f"wl-{store_id}-{action}"), 0)
        if count != 1:
            raise Violation(
                f"{site.name}: note {action} counts as posted at order {order}, and stands there {count} times."
            )


def told_that_it_is_here(box: Box, site: Site) -> None:
    """Whoever was told to wait is told when all of it is there and may leave. Raises Violation."""
    store_id, since = box.ids[site.name], box.telling.get((site.name, "allocated"))
    policy = rules.policy_of(box.ask, store_id)
    if since is None or policy["paused"]:
        return
    chosen, owed = rules.chosen_of(box.ask, store_id), rules.owed_of(box.ask, store_id)
    today = rules.day_of(policy, box.now)
    for (order,) in box.ask(HERE, (store_id,)):
        if site.entered.get(order, since) <= since or rules.must_stay(policy, chosen[order], owed[order], today):
            continue
        # Where the rest was cancelled, nothing more came than what the first message spoke of already.
        if _may_leave(box, store_id, order) <= box.may_leave.get((store_id, order), 0):
            continue
        raise Violation(f"{site.name}: all of order {order} is here, and its customer was never told.")
