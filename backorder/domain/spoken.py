"""Units, counts and days as people write them."""

from datetime import date

from backorder.domain.supply import Units


def spoken(units: Units) -> str:
    """Units as people write them: no exponent, no zeros behind the point."""
    text = f"{units:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(units: Units) -> str:
    """Units with the word behind them."""
    return f"{spoken(units)} unit{'' if units == 1 else 's'}"


def counted_days(count: int) -> str:
    """So many days with the word behind them."""
    return f"{count} day{'' if count == 1 else 's'}"


def spoken_day(day: date) -> str:
    """A day as people write it, such as 3 Dec 2025."""
    return f"{day.day} {day:%b %Y}"


def spoken_days(early: date, late: date) -> str:
    """Days from one to another as people write them: 12-15 January 2027, 28 January - 3 February 2027."""
    last = f"{late.day} {late:%B %Y}"
    if early == late:
        return last
    if (early.year, early.month) == (late.year, late.month):
        return f"{early.day}-{last}"
    first = f"{early.day} {early:%B}" if early.year == late.year else f"{early.day} {early:%B %Y}"
    return f"{first} - {last}"
