"""How values are kept in columns: exact numbers as integers, moments as microseconds, members of an enum as words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import BigInteger, Dialect, String
from sqlalchemy.types import TypeDecorator

SCALE = Decimal(10_000)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Exact(TypeDecorator[Decimal]):
    """A decimal with four places, kept as an integer of ten-thousandths."""

    impl = BigInteger
    cache_ok = True

    # The processors themselves, not the methods around them: a long queue is read and written value by value.
    def bind_processor(self, dialect: Dialect) -> Callable[[Decimal | None], int | None]:
        return _exact_out

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], Decimal | None]:
        return _exact_in


@lru_cache(maxsize=65_536)
def _exact_out(value: Decimal | None) -> int | None:
    return None if value is None else int((value * SCALE).to_integral_value())


@lru_cache(maxsize=65_536)
def _exact_in(value: int | None) -> Decimal | None:
    return None if value is None else plain(Decimal(value) / SCALE)


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent."""
    whole = value.to_integral_value()
    return whole.quantize(Decimal(1)) if value == whole else value.normalize()


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, kept as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        return _instant_out

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        return _instant_in


_MICROSECOND = timedelta(microseconds=1)


def _instant_out(value: datetime | None) -> int | None:
    return None if value is None else (value - EPOCH) // _MICROSECOND


def _instant_in(value: int | None) -> datetime | None:
    return None if value is None else EPOCH + timedelta(0, 0, value)


class Word(TypeDecorator[StrEnum]):
    """A member of one enum, kept as its word."""

    impl = String(40)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)
