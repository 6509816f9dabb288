"""How one call went that must not be made twice: done, refused, not made, or nobody knows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backorder.domain.errors import (
    AccessLost,
    OutcomeUnknown,
    PermanentFailure,
    PlanOutdated,
    StoreClosed,
    TemporaryFailure,
    WaitlineError,
)
from backorder.domain.lifecycle import WorkState

TRIES = 12
LOOKS = 6
"""How often an unknown outcome is looked for: about eight minutes. Then a person has to look."""


@dataclass(frozen=True, slots=True)
class Went:
    """Where the work stands after the call, and what the breaker has to hear of it."""

    state: WorkState
    due_at: datetime
    reason: str = ""
    failure: WaitlineError | None = None


def attempt(
    call: Callable[[], None], clock: Callable[[], datetime], *, begun: bool, tries: int, never_confirmed: str
) -> Went:
    """Make the call. `begun`: an earlier one may have done it, so until the store has said, it stays open."""
    try:
        call()
    except OutcomeUnknown as error:
        if tries + 1 >= LOOKS:
            return Went(WorkState.FAILED, clock(), never_confirmed)
        return Went(WorkState.UNKNOWN, _later(clock(), tries), str(error), error)
    except TemporaryFailure as error:
        again = max(_later(clock(), tries), clock() + timedelta(seconds=error.retry_after))
        state = WorkState.UNKNOWN if begun else WorkState.FAILED if tries + 1 >= TRIES else WorkState.DUE
        return Went(state, again, str(error), error)
    except (AccessLost, StoreClosed) as error:
        return Went(WorkState.UNKNOWN if begun else WorkState.DUE, clock(), str(error), error)
    except PermanentFailure as error:
        return Went(WorkState.FAILED, clock(), str(error))
    except PlanOutdated as error:
        return Went(WorkState.DROPPED, clock(), str(error))
    return Went(WorkState.DONE, clock())


def _later(now: datetime, tries: int) -> datetime:
    return now + timedelta(seconds=min(6 * 3600.0, 15.0 * 2 ** min(tries, 12)))
