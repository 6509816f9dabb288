"""What the pages call things: plain words for every state, rule and kind, and how figures and days are written."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from backorder.domain.actions import ActionKind
from backorder.domain.allocation import Rule
from backorder.domain.explained import came_from
from backorder.domain.lifecycle import LineState, WorkState
from backorder.domain.orders import Ignored, OrderStatus
from backorder.domain.parcels import Teller
from backorder.domain.policy import Excess, NoticeKind
from backorder.domain.split import Share, Split
from backorder.domain.spoken import counted, counted_days, spoken, spoken_day

LINE_STATES = {
    LineState.COVERED: "In stock",
    LineState.WAITING: "Waiting",
    LineState.PARTIAL: "Partly here",
    LineState.PLANNED: "Set aside",
    LineState.READY: "Ready to ship",
    LineState.SHIPPED: "Shipped",
    LineState.CANCELLED: "Cancelled",
}
ORDER_STATUSES = {
    OrderStatus.OPEN: "Open",
    OrderStatus.CLOSED: "Closed",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.GONE: "Deleted in the store",
}
WORK_STATES = {
    WorkState.DUE: "waits for its turn",
    WorkState.RUNNING: "under way",
    WorkState.DONE: "done",
    WorkState.FAILED: "failed",
    WorkState.UNKNOWN: "no answer came: it may have happened or not",
    WorkState.DROPPED: "no longer needed",
}
RULES = {
    Rule.CAME_IN_COVERED: "In stock when the order came in",
    Rule.OLDEST_FIRST: "Given: it was next in line",
    Rule.HEAD_START: "Given: its class puts it before an older order",
    Rule.PINNED: "Given: it is pinned before everybody",
    Rule.WHOLE_ORDER: "Given: it makes its order whole, so it went before others of its day",
    Rule.OTHER_YIELDED: "Given: an older order that cannot be made whole yet lets it pass",
    Rule.NOT_ENOUGH_LEFT: "Not enough was left for all of it: the rest waits",
    Rule.SUPPLY_SHRANK: "Taken back: the stock became less",
    Rule.OLDER_CAME: "Taken back: an older order became known",
    Rule.OVERTAKEN: "Taken back: an order with a head start, a pin or a whole parcel took it",
    Rule.YIELDS: "Given up: its order cannot be made whole yet and lets others pass",
    Rule.TAKEN_BY_HAND: "Taken by hand, for another order",
    Rule.MORE_OWED: "More units are owed: they keep the place of the line",
    Rule.LESS_OWED: "Fewer units are owed: shipped, cancelled or changed in the store",
    Rule.CUSTOMER_CANCELS: "Taken back: the customer wants to cancel",
    Rule.BY_HAND: "Given by hand",
    Rule.PACKED: "Packed: it is in a parcel that you recorded",
    Rule.RELEASED: "The store lets it ship",
}
OVERTAKINGS = {
    Rule.HEAD_START: "By a head start",
    Rule.PINNED: "Pinned",
    Rule.WHOLE_ORDER: "It made its order whole",
    Rule.OTHER_YIELDED: "The other waits to be whole and let it pass",
    Rule.NOT_ENOUGH_LEFT: "A new order was given a part when it came in",
    Rule.BY_HAND: "Given by hand",
    Rule.MORE_OWED: "A line was made larger and kept its place",
}
NOTICES = {
    NoticeKind.BACKORDERED: "Waiting",
    NoticeKind.ALLOCATED: "Ready to ship",
    NoticeKind.SHIPPED: "Shipped",
    NoticeKind.CANCELLED: "Cancelled",
    NoticeKind.NEW_DATE: "New date",
}
NOTICE_HELP = {
    NoticeKind.BACKORDERED: "when an order has to wait, with the date you expect",
    NoticeKind.ALLOCATED: "when what waited is there and may ship",
    NoticeKind.SHIPPED: "when what waited has left",
    NoticeKind.CANCELLED: "when an order that waited is cancelled",
    NoticeKind.NEW_DATE: "when the date that was told is later, is known now or is not known any more",
}
ACTIONS = {
    ActionKind.HOLD: "Keep the waiting units from shipping",
    ActionKind.RELEASE: "Let the units ship",
    ActionKind.TAG: "Tag the order",
    ActionKind.SHOW: "Show the promise at the order",
    ActionKind.LINE_DATE: "Show the expected date at the line",
    ActionKind.ORDER_NOTE: "Keep a line in the order's note",
    ActionKind.STATUS: "Give the order the status of waiting ones, or take it back",
    ActionKind.NOTE: "Add a note to the order",
}
STATUS_LEFT = (
    "While it waits it would have the status “{status}” in your store. It was given another one there, so that is left "
    "as it is."
)
IGNORED = {
    Ignored.GIFT_CARD: "a gift card",
    Ignored.NO_SHIPPING: "nothing to ship",
    Ignored.CUSTOM: "not an item of your stock",
    Ignored.UNTRACKED: "its stock is not counted",
    Ignored.REMOVED: "removed from the order",
    Ignored.PRODUCT_GONE: "the product was deleted",
    Ignored.VARIANT_GONE: "the variant was deleted",
    Ignored.NOT_TAKEN: "the store has taken no stock for it",
}
SPLITS = {
    Split.SHIP_AVAILABLE: "Ship what is there at once",
    Split.LINE_WHOLE: "Ship a line when all of it is there",
    Split.ORDER_WHOLE: "Ship the order when all of it is there",
    Split.WAIT_UNTIL: "Wait some days for the whole order, then ship what is there",
}
PARCELS = {
    Split.SHIP_AVAILABLE: "Send me what is there now, and the rest later",
    Split.ORDER_WHOLE: "Wait until everything is there, and send it together",
}
TELLERS = {
    Teller.WAITLINE: "Waitline, by its message “Shipped” about what waited; your store sends nothing",
    Teller.STORE: "Your store, by its own mail with carrier and number; Waitline sends nothing",
    Teller.NOBODY: "Nobody",
}
TOLD_BY = {Teller.WAITLINE: "Waitline", Teller.STORE: "your store", Teller.NOBODY: "nobody"}
EXCESSES = {
    Excess.HOLD: "I decide about it",
    Excess.REFUSE: "Show it to me as to be cancelled",
}
LIMITS = {
    "longest_wait_days": "Longest wait, in days",
    "most_units_item": "Most waiting units of one item",
    "most_units_order": "Most waiting units of one order",
    "most_units_customer": "Most waiting units of one customer",
    "most_late_days": "Latest supplier, in days",
    "most_cancel_percent": "Most cancelled, in per cent",
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHARES = {
    Share.KEEP: "Keep them for it",
    Share.YIELD: "Let other orders have them",
}
CANCEL_REASONS = {
    "no_need": "I no longer need it",
    "too_long": "It takes too long",
    "elsewhere": "I found it elsewhere",
    "other": "Another reason",
}

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$"}


def money(amount: Decimal, currency: str) -> str:
    """$4,750 or 12.50 CHF: no cents where there are none."""
    text = f"{amount:,.2f}".removesuffix(".00")
    return f"{_SIGNS[currency]}{text}" if currency in _SIGNS else f"{text} {currency}".strip()


def day_range(promised: tuple[date, date] | None) -> str:
    """A promise as people read it."""
    if promised is None:
        return "not known yet"
    early, late = promised
    if early == late:
        return spoken_day(late)
    same_month = (early.year, early.month) == (late.year, late.month)
    return f"{early.day if same_month else spoken_day(early)} to {spoken_day(late)}"


def local_day(moment: datetime, timezone: str) -> str:
    """The store's calendar day of a moment."""
    return spoken_day(moment.astimezone(ZoneInfo(timezone)).date())


def local_time(moment: datetime, timezone: str) -> str:
    """The store's day and time of a moment."""
    local = moment.astimezone(ZoneInfo(timezone))
    return f"{spoken_day(local.date())}, {local:%H:%M}"


def span(length: timedelta | None) -> str:
    """A length of time as people say it: days, below two of them hours."""
    if length is None:
        return "–"
    hours = int(length.total_seconds()) // 3600
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} hour{'' if hours == 1 else 's'}" if hours else "less than an hour"


def loss_of_days(before: date | None, after: date | None) -> str:
    """By which day an order can ship, before and after another one is given units by hand."""
    if before is None:
        return "Its date is not known, as before." if after is None else f"Then it can ship by {spoken_day(after)}."
    if after is None:
        return f"It could ship by {spoken_day(before)}; then its date is not known."
    if before == after:
        return f"It can ship by {spoken_day(after)}, as before."
    moved = (after - before).days
    by = f"{counted_days(moved)} later" if moved > 0 else f"{counted_days(-moved)} sooner"
    return f"It could ship by {spoken_day(before)}; then by {spoken_day(after)}, {by}."


def percent(share: Decimal) -> str:
    """0.8 as 80 %."""
    return f"{share * 100:.0f} %"


def first_name(name: str) -> str:
    """The name to greet somebody with; empty where the store withholds names."""
    return name.split()[0] if name.split() else ""


FILTERS: Mapping[str, Callable[..., str]] = {
    "units": spoken,
    "counted": counted,
    "day": spoken_day,
    "day_range": day_range,
    "local_day": local_day,
    "local_time": local_time,
    "money": money,
    "span": span,
    "percent": percent,
    "first_name": first_name,
    "came_from": came_from,
    "loss_of_days": loss_of_days,
    "line_state": LINE_STATES.__getitem__,
    "order_status": ORDER_STATUSES.__getitem__,
    "work_state": WORK_STATES.__getitem__,
    "rule": RULES.__getitem__,
    "notice": NOTICES.__getitem__,
    "action": ACTIONS.__getitem__,
    "ignored": IGNORED.__getitem__,
}
