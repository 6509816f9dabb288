"""The error tree. Out of stock is a result, never an error.

WaitlineError
├── Rejected            the caller's fault: our 4xx, told in one sentence
│   ├── BadSignature    a webhook that its signature does not cover
│   ├── UnknownTopic    a signed webhook about something we do not know
│   └── BadPayload      a signed webhook whose body cannot be read
├── TemporaryFailure    the world's fault, now: try again after `retry_after` seconds
│   └── StoreBusy       the store is well and takes no more calls for the moment
│       └── TurnedAway  it said so by refusing one: only it knows for how long
├── PermanentFailure    no try will help until somebody acts: told to the merchant
│   ├── AccessLost      the store refuses our credentials
│   └── StoreClosed     the store refuses everybody: frozen, locked, at another address
├── PlanOutdated        the store is not as the plan assumed: read and plan anew, do not act
├── OutcomeUnknown      a write was sent and no answer came: read back before anything else
├── NeverOpen            a calendar without a working day (backorder/domain/workdays.py)
└── LeaseLost           somebody else works on this now: stop without writing
"""


class WaitlineError(Exception):
    """The root of every error that Waitline raises on purpose."""


class Rejected(WaitlineError):
    """The request cannot be accepted as it is. `status` is the HTTP status of the answer."""

    status = 400


class BadSignature(Rejected):
    """The signature is missing, malformed or does not cover the body. One answer for all: 401."""

    status = 401


class UnknownTopic(Rejected):
    """A signed delivery names a topic that the connector neither handles nor ignores."""


class BadPayload(Rejected):
    """A signed delivery whose body is not what its topic promises."""


class TemporaryFailure(WaitlineError):
    """The call did not happen, and may work later. `retry_after` is in seconds."""

    def __init__(self, reason: str, retry_after: float = 30.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class StoreBusy(TemporaryFailure):
    """The store allows no more calls for the moment: nothing failed, and it is known when the call will fit."""


class TurnedAway(StoreBusy):
    """The store, or its host, refused the call because there were too many. A store that does nothing else is shown to
    the merchant and asked less and less.
    """


class PermanentFailure(WaitlineError):
    """The call was refused for good; the sentence is written for the merchant."""


class AccessLost(PermanentFailure):
    """The store no longer accepts our credentials."""


class StoreClosed(PermanentFailure):
    """The store refuses every call for a reason of its own: what was to be done is still to be done one day."""


class PlanOutdated(WaitlineError):
    """Somebody changed in the store what the write was planned upon. Nothing was written, or where it was `begun` no
    more than what came before that was seen.
    """

    def __init__(self, text: str, *, begun: bool = False) -> None:
        super().__init__(text)
        self.begun = begun


class OutcomeUnknown(WaitlineError):
    """A write left and its answer never came: it may have happened."""


class LeaseLost(WaitlineError):
    """The lease ran out, or somebody else holds it: nothing may be written any more."""
