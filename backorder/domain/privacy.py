"""What people and merchants may ask of their data: to be told it, and to have it erased. Pure rules."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from backorder.domain.orders import Customer, Order
from backorder.domain.priority import Fact, PriorityRule

DUE_AFTER = timedelta(days=30)
"""How long after it was asked for a request has to be fulfilled at the latest."""

ERASED_AFTER = timedelta(hours=48)
"""How long after a store has left all of it is erased, asked for or not: the request may be lost, or be signed with a
secret that went with the store's access.
"""


class TaskKind(StrEnum):
    """What there is to do about somebody's data."""

    TELL_CUSTOMER = "tell_customer"
    """A customer wants to know what is held about them: the merchant fetches it and passes it on."""
    ERASE_CUSTOMER = "erase_customer"
    ERASE_STORE = "erase_store"
    CLEAR_LEFT = "clear_left"
    """A store has left: what was to be done for it is dropped, and what it sent is removed."""
    CLEAR_BYTES = "clear_bytes"
    """Something was told of an erased order and blanked: its bytes are to be taken out of the files."""


BY_ITSELF = frozenset(TaskKind) - {TaskKind.TELL_CUSTOMER}
"""What needs no person."""
ASKED = frozenset({TaskKind.TELL_CUSTOMER, TaskKind.ERASE_CUSTOMER, TaskKind.ERASE_STORE})
"""What somebody asked for; the rest is our own housekeeping."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a request names, as far as it does: each part may be missing."""

    customer_id: int | None = None
    email: str = ""
    phone: str = ""
    order_ids: tuple[int, ...] = ()

    @property
    def mailbox(self) -> str:
        """The address as one that is the same however it was typed; empty where none is named."""
        return Customer(email=self.email).mailbox

    @property
    def nobody(self) -> bool:
        """Whether the request names no one at all: then it concerns nothing."""
        return self.customer_id is None and not (self.mailbox or self.phone.strip() or self.order_ids)


def without_person(order: Order) -> Order:
    """The order without its customer, and without the words that a person may be told by. All numbers stay."""
    return replace(order, customer=Customer(), tags=())


def rules_without(rules: Iterable[PriorityRule], names: Iterable[str]) -> tuple[PriorityRule, ...]:
    """The merchant's rules without those that put one of these customers ahead by id or address."""
    known = {name.strip().casefold() for name in names} - {""}
    return tuple(rule for rule in rules if rule.fact is not Fact.CUSTOMER or rule.value.strip().casefold() not in known)


_NUMBER = re.compile(rb"[0-9]+")


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a kept text names a person by: numbers and addresses of theirs. Rather too much is found than too little."""

    numbers: frozenset[bytes]
    words: frozenset[str]

    @staticmethod
    def of(person: Person, order_ids: Iterable[int]) -> "Mentions":
        """What names the person, with these orders of theirs."""
        numbers = {*person.order_ids, *order_ids}
        if person.customer_id is not None:
            numbers.add(person.customer_id)
        words = {person.mailbox, person.phone.strip().casefold()}
        return Mentions(frozenset(str(number).encode() for number in numbers), frozenset(filter(None, words)))

    def within(self, raw: bytes) -> bool:
        """Whether a text as it was sent names the person, however its letters are escaped."""
        if not self.numbers.isdisjoint(_NUMBER.findall(raw)):
            return True
        text = raw.decode("utf-8", "replace")
        if any(word in text.casefold() for word in self.words):
            return True
        if "\\" not in text or not self.words:
            return False
        try:
            plain = json.dumps(json.loads(text), ensure_ascii=False).casefold()
        except ValueError:
            # No JSON: nothing in it is escaped.
            return False
        return any(word in plain for word in self.words)
