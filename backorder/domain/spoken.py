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
