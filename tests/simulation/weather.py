"""How much goes wrong in one run."""

from dataclasses import dataclass
from random import Random

from backorder.domain.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure
from tests.simulation.ports import TookAndFellSilent


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely what is, for one run. Some runs are calm in one way, so that faults of another way show."""

    crash: float
    others: float
    stall: float
    lost: float
    late: float
    doubled: float
    trouble: float
    mail_trouble: float
    ring_lost: float


CALM = Chances(0, 0, 0, 0, 0, 0, 0, 0, 0)
STORM = Chances(
    crash=0.008, others=0.06, stall=0.008, lost=0.05, late=0.08, doubled=0.1, trouble=1, mail_trouble=0.4, ring_lost=0.2
)
"""All of it, and much: for planted faults that show only where something else goes wrong at the right moment."""
ECHOES = Chances(0, 0.06, 0, 0, 0.1, 0.9, 0, 0, 0.1)
"""Nearly every webhook comes twice, the second copy often while the first is taken in."""
BUSY = Chances(0, 0.05, 0, 0, 0, 0, 0, 0, 0.1)
"""Nothing fails, but many act at once: much is given, so that many rules are asked."""


def chances(die: Random) -> Chances:
    """The weather of one run."""

    def some(share: float, high: float) -> float:
        return die.uniform(high / 4, high) if die.random() < share else 0.0

    return Chances(
        crash=some(0.8, 0.01),
        others=some(0.8, 0.08),
        stall=some(0.6, 0.01),
        lost=some(0.5, 0.15),
        late=some(0.6, 0.15),
        doubled=some(0.6, 0.2),
        trouble=some(0.7, 1.0),
        mail_trouble=some(0.6, 0.4),
        ring_lost=some(0.7, 0.3),
    )


def mail_trouble(die: Random, chances: Chances) -> Exception | None:
    """What becomes of a mail on its way; nothing where it is taken."""
    if die.random() >= chances.mail_trouble:
        return None
    silent = OutcomeUnknown("The mail server took the message and did not answer.")
    return die.choice(
        [
            TemporaryFailure("The mail server asks to try later (451).", 300),
            PermanentFailure("The mail server refused the message (550)."),
            silent,
            TookAndFellSilent(silent),
            TookAndFellSilent(silent),
        ]
    )
