"""Our one line in an order's note, between marks: whatever stands outside of them is people's and stays as it is. Pure.

The note is one field without compare-and-set, so it is read just before it is written, and only where our line differs.
"""

import re

MOST = 5000
"""Characters that Shopify keeps of a note."""

_OURS = r"\[Waitline: ([^\[\]\r\n]*)\]"
_LINE = re.compile(_OURS)
_LINE_AND_BREAK = re.compile(rf"\A{_OURS}(?:\r?\n)?|(?:\r?\n)?{_OURS}")
"""With the line break that came with it: the one before it, at the beginning of a note the one behind it."""


def line_in(note: str | None) -> str:
    """Our line without its marks; empty where there is none, or where a person broke its marks."""
    found = _LINE.search(note or "")
    return found[1] if found else ""


def with_line(note: str | None, line: str) -> str | None:
    """The note with our line as it should be, without it where it is empty; `None` where there is no room for it."""
    there = note or ""
    if not line:
        return _LINE_AND_BREAK.sub("", there)
    marked = f"[Waitline: {line}]"
    appended = f"{there}\n{marked}" if there else marked
    changed = _LINE.sub(lambda _: marked, there) if _LINE.search(there) else appended
    return changed if len(changed) <= MOST else None


def rewritten(note: str | None, line: str) -> str | None:
    """The note to write so that our line is as it should be; `None` where nothing is to be written."""
    if line_in(note) == line:
        return None
    return with_line(note, line)
