"""What is written to notes and statuses, and moved, done wrongly. Each is put in the place of the right one for the
length of a run.
"""

from typing import Any

from backorder.db import move_rows
from connectors.woocommerce.statuses import FROM, Mark


def line_alone(_note: str | None, line: str) -> str:
    return f"[Waitline: {line}]" if line else ""


def over_anybodys_choice(body: Any, mark: Mark | None, wanted: str) -> tuple[Mark | None, str]:
    """Whatever somebody chose meanwhile: what waits gets the status, and what does not gets its old one back."""
    if not wanted:
        return None, mark.before if mark is not None and body.status != mark.before else ""
    paid = body.date_paid_gmt is not None
    return (Mark(wanted), wanted) if paid and body.status == FROM else (mark, "")


def free_is_what_lies_there(conn: Any, store: Any, wanted: Any) -> Any:
    return move_rows.on_hand(conn, store.id, wanted)
