"""Why a line has what it has, asked when somebody wants to know: one code, one sentence for staff, one for the
customer, and what would change it. Nothing here is stored.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from backorder.domain.split import Stay
from backorder.domain.spoken import counted, spoken, spoken_day
from backorder.domain.supply import ZERO, Balance, Units


class Code(StrEnum):
    """The reason in one word, for machines."""

    FILLED = "FILLED"
    PARTIAL = "PARTIAL"
    BEHIND = "BEHIND"
    OVERTAKEN = "OVERTAKEN"
    NO_SUPPLY = "NO_SUPPLY"
    WAITING_FOR_LINE = "WAITING_FOR_LINE"
    WAITING_FOR_ORDER = "WAITING_FOR_ORDER"
    WAITING_FOR_DATE = "WAITING_FOR_DATE"
    WAITING_FOR_KIT = "WAITING_FOR_KIT"
    TOO_LITTLE = "TOO_LITTLE"
    YIELDING = "YIELDING"
    KEPT_BACK = "KEPT_BACK"
    UNPAID = "UNPAID"
    UNBALANCED = "UNBALANCED"
    NOT_ROUTED = "NOT_ROUTED"
    CANCEL_WISHED = "CANCEL_WISHED"
    NOT_ACCEPTED = "NOT_ACCEPTED"


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """What a pool has: `on_hand` units are there for this store's open lines, `given` of them are given already."""

    balance: Balance = Balance.NEW
    on_hand: Units = ZERO
    given: Units = ZERO
    next_arrival: date | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the reason of one part of a line depends on. `pool` is `None` before the store named one."""

    outstanding: Units
    allocated: Units
    pool: PoolFacts | None
    units_ahead: Units = ZERO
    """Units that wait in the same pool and are served first."""
    overtaken_by: Units = ZERO
    """Those of them that came later and have a head start or a pin."""
    free_to_ship: Units = ZERO
    decided: bool = True
    paid: bool = True
    refused: str = ""
    """Why its waiting was not accepted, in one sentence."""
    cancel_wished: bool = False
    stay: Stay | None = None
    yields: bool = False
    """Its order is not whole and lets others pass."""
    keep_back: Units = ZERO

    @property
    def waiting(self) -> Units:
        """Units without stock to cover them."""
        return self.outstanding - self.allocated


@dataclass(frozen=True, slots=True)
class Reason:
    """The answer to "why?": `text` for staff, `customer` for the customer, `change` says what would change it."""

    code: Code
    units_ahead: Units
    text: str
    customer: str
    change: str


def reason(about: Situation) -> Reason:
    """The first of the reasons that applies; what a person has decided comes before what the stock says."""
    code = _code(about)
    text, customer, change = _SENTENCES[code] if about.outstanding > 0 else _NOTHING_OWED
    free = ZERO if about.pool is None else about.pool.on_hand - about.pool.given
    # What is kept back goes into the stock first.
    needed = about.units_ahead + max(ZERO, about.keep_back - max(ZERO, free))
    if about.pool is not None and about.pool.next_arrival is not None and code in (Code.NO_SUPPLY, Code.PARTIAL):
        change = f"The goods expected on {spoken_day(about.pool.next_arrival)}."
    facts = {
        "outstanding": counted(about.outstanding),
        "allocated": spoken(about.allocated),
        "ahead": counted(about.units_ahead),
        "behind": f", behind {counted(about.units_ahead)} of others" if about.units_ahead > 0 else "",
        "needed": counted(needed),
        "younger": spoken(about.overtaken_by),
        "refused": about.refused,
        "free": counted(free),
    }
    return Reason(code, about.units_ahead, text.format(**facts), customer.format(**facts), change.format(**facts))


def _code(about: Situation) -> Code:
    if about.waiting <= 0 and about.decided:
        return _of_given(about)
    if about.cancel_wished:
        return Code.CANCEL_WISHED
    if about.pool is None:
        return Code.NOT_ROUTED
    if not about.decided or about.pool.balance is not Balance.BALANCED:
        return Code.UNBALANCED
    if about.refused:
        return Code.NOT_ACCEPTED
    if about.yields:
        return Code.YIELDING
    if about.units_ahead == 0 and about.keep_back > 0 and about.pool.on_hand > about.pool.given:
        return Code.KEPT_BACK
    if about.allocated > 0:
        return Code.PARTIAL
    if about.units_ahead == 0:
        return Code.NO_SUPPLY
    return Code.OVERTAKEN if about.overtaken_by > 0 else Code.BEHIND


def _of_given(about: Situation) -> Code:
    if about.free_to_ship >= about.outstanding:
        return Code.FILLED
    if not about.paid:
        return Code.UNPAID
    return _STAYS[about.stay or Stay.ORDER]


_STAYS = {
    Stay.LINE: Code.WAITING_FOR_LINE,
    Stay.ORDER: Code.WAITING_FOR_ORDER,
    Stay.DATE: Code.WAITING_FOR_DATE,
    Stay.KIT: Code.WAITING_FOR_KIT,
    Stay.TOO_LITTLE: Code.TOO_LITTLE,
}

_SENTENCES = {
    Code.FILLED: (
        "All its units are given and may ship.",
        "Ready to ship.",
        "Nothing more is needed.",
    ),
    Code.PARTIAL: (
        "It has {allocated} of {outstanding}; the rest waits for stock{behind}.",
        "The store has {allocated} of {outstanding} for you; the rest waits for stock.",
        "More stock. Enter what you have ordered under Incoming to give it a date.",
    ),
    Code.BEHIND: (
        "Older orders that wait for {ahead} come first.",
        "Waiting for stock. Orders placed before yours are served first.",
        "An arrival of more than {needed}.",
    ),
    Code.OVERTAKEN: (
        "Orders that wait for {ahead} come first; for {younger} of them by a head start or a pin, not by age.",
        "Waiting for stock. Some orders are served before yours.",
        "An arrival of more than {needed}, or another class for this order.",
    ),
    Code.NO_SUPPLY: (
        "It is first in line, and nothing is left in stock.",
        "Waiting for stock. Yours is next in line.",
        "More stock. Enter what you have ordered under Incoming to give it a date.",
    ),
    Code.WAITING_FOR_LINE: (
        "Its units here are given; lines ship whole, and the rest of this one still waits.",
        "Set aside for you. It ships together with the rest of it.",
        "Stock for the rest of the line, or shipping in parts under Settings.",
    ),
    Code.WAITING_FOR_ORDER: (
        "All its units are given; orders ship whole, and other lines of this one still wait.",
        "Set aside for you. It ships together with the rest of your order.",
        "Stock for the other lines, or shipping in parts under Settings.",
    ),
    Code.WAITING_FOR_DATE: (
        "All its units are given; the order ships whole until its day has come, then what is there.",
        "Set aside for you. It ships together with the rest of your order, or without it after a while.",
        "Stock for the other lines, or the day.",
    ),
    Code.WAITING_FOR_KIT: (
        "All its units are given; it is a piece of a kit whose other pieces still wait.",
        "Set aside for you. It ships together with the other pieces of the set.",
        "Stock for the other pieces.",
    ),
    Code.TOO_LITTLE: (
        "All its units are given; less is there than your settings let leave as a part.",
        "Set aside for you. It ships with more of your order.",
        "Stock for the other lines, or a smaller least part under Settings.",
    ),
    Code.YIELDING: (
        "Its order ships whole and cannot be made whole yet, so it lets others pass.",
        "Waiting for stock. Your order ships in one parcel as soon as all of it is there.",
        "Stock for the other lines, or keeping the goods under Settings.",
    ),
    Code.KEPT_BACK: (
        "It is first in line; {free} in stock are kept back for new orders, as your settings say.",
        "Waiting for stock. Yours is next in line.",
        "Fewer units kept back under Settings, or more stock.",
    ),
    Code.UNPAID: (
        "All its units are given; the order is not paid yet.",
        "Set aside for you. It ships once the payment has come in.",
        "The payment.",
    ),
    Code.UNBALANCED: (
        "The store's stock figure and its orders do not agree at the moment; nothing is decided until they do.",
        "The store is checking its stock for you.",
        "A moment: the figures are read again until they agree or have had time to settle.",
    ),
    Code.NOT_ROUTED: (
        "The store has not said yet from where it ships.",
        "The store is preparing your order.",
        "A location for the order, chosen in your store.",
    ),
    Code.CANCEL_WISHED: (
        "The customer asked to cancel it, so it gets no more units.",
        "You asked to cancel this. The store has to confirm it.",
        "Cancel it in your store, or tell the customer why not.",
    ),
    Code.NOT_ACCEPTED: (
        "{refused} Until you decide, it gets no new date and its customer is told nothing of it.",
        "The store will get in touch with you about this.",
        "Accept the order, or cancel it in your store.",
    ),
}

_NOTHING_OWED = ("Nothing of it is owed any more.", "Nothing of it is left to ship.", "Nothing more is needed.")
