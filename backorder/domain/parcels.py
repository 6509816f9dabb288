"""A parcel that the merchant has packed: units of one order that leave, by which carrier, and who tells of it."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from backorder.domain.errors import Rejected
from backorder.domain.lifecycle import OrderStanding
from backorder.domain.orders import OrderStatus
from backorder.domain.supply import ZERO, Units

MOST_UNITS = 1_000_000
FOUR_PLACES, WHOLE = Units("0.0001"), Units(1)
GONE_MEANWHILE = "Some of it was shipped, moved or cancelled in your store meanwhile, so it was not recorded."
NOT_GIVEN = "More is in the parcel than this order was given: no parcel was recorded."


class ParcelError(Rejected):
    """A parcel that cannot be, with the sentence that says so and the field it is about."""

    status = 422

    def __init__(self, field_name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field_name


class Teller(StrEnum):
    """Who tells the customer that a parcel has left. Never two of them."""

    WAITLINE = "waitline"
    """Our message “Shipped”, where the merchant has it sent at all."""
    STORE = "store"
    """The store's own mail, with the carrier and the number."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, order=True)
class Packed:
    """Units of a line that leave from one location (0 where the store has none)."""

    line_id: int
    location: int
    units: Units


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is in it and how it travels. The number is what a parcel is found again by, so there is always one."""

    units: tuple[Packed, ...]
    number: str
    company: str = ""
    url: str = ""
    """Where the parcel can be followed; empty where the store knows by carrier and number."""
    teller: Teller = Teller.WAITLINE

    @property
    def by_line(self) -> dict[int, Units]:
        """Its units by line, from wherever they leave."""
        found: dict[int, Units] = {}
        for packed in self.units:
            found[packed.line_id] = found.get(packed.line_id, ZERO) + packed.units
        return found


@dataclass(frozen=True, slots=True)
class Ready:
    """Units that a parcel may have: given to this part of a line."""

    line_id: int
    location: int
    title: str
    units: Units
    waited: bool
    """The line once waited: only then our own message speaks of it."""


def ready(order: OrderStanding) -> list[Ready]:
    """All that was given to an order and has not left, whether or not the store lets it ship already."""
    if order.status is not OrderStatus.OPEN:
        return []
    return [
        Ready(line.line_id, part.pool.location, line.title or line.sku, part.allocated, line.waited)
        for line in order.lines
        for part in line.parts
        if part.pool is not None and part.allocated > 0
    ]


def check(parcel: Parcel, *, parts: bool) -> None:
    """Refuse a parcel that makes no sense, whatever the order. `parts`: the store counts parts of a unit. Raises
    ParcelError.
    """
    if not parcel.units:
        raise ParcelError("units", "Say how many units are in the parcel.")
    for packed in parcel.units:
        known = packed.units.is_finite() and 0 < packed.units <= MOST_UNITS
        if not known or packed.units != packed.units.quantize(FOUR_PLACES if parts else WHOLE):
            raise ParcelError("units", f"The units must be {'numbers' if parts else 'whole numbers'} above 0.")
    if len({(packed.line_id, packed.location) for packed in parcel.units}) < len(parcel.units):
        raise ParcelError("units", "A line stands in the parcel twice.")
    for name, text, most in (("number", parcel.number, 100), ("company", parcel.company, 60), ("url", parcel.url, 500)):
        if len(text) > most or text != text.strip() or any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
            raise ParcelError(name, f"This must be one line of at most {most} characters.")
    if not parcel.number:
        raise ParcelError("number", "Enter the tracking number: by it the parcel is found again in your store.")
    if parcel.url and not _is_address(parcel.url):
        raise ParcelError("url", "This must be an address that begins with https:// or http://, or be left empty.")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and not set(' "<>\\') & set(url)


def beyond(parcel: Parcel, order: OrderStanding) -> str:
    """Why an order cannot fill a parcel that is to be recorded; nothing where it can."""
    given = {(each.line_id, each.location): each.units for each in ready(order)}
    much = any(packed.units > given.get((packed.line_id, packed.location), ZERO) for packed in parcel.units)
    return NOT_GIVEN if much else ""


def missing(parcel: Parcel, order: OrderStanding) -> str:
    """Why an order no longer fills a parcel that was recorded; nothing where it does."""
    owed = {(line.line_id, part.pool.location): part for line in order.lines for part in line.parts if part.pool}
    if order.status is not OrderStatus.OPEN:
        return GONE_MEANWHILE
    for packed in parcel.units:
        part = owed.get((packed.line_id, packed.location))
        if part is None or part.outstanding < packed.units:
            return GONE_MEANWHILE
        if part.allocated < packed.units:
            return NOT_GIVEN
    return ""
