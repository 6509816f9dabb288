"""A whole run over one database: load and faults for a while, then rest, then the check; and its report."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.arena import arena
from tests.chaos.check import Findings
from tests.chaos.databases import Sqlite
from tests.chaos.load import DELIVERIES_A_SECOND, Load, rest_and_look_twice, wait_until_called
from tests.chaos.nemesis import Nemesis
from tests.chaos.orphans import Orphan, Orphans, percentile
from tests.chaos.proxy import NO_ANSWER

REST_SECONDS = 240.0
RESUME_SECONDS = 30.0
"""At the 99th percentile, orphaned work is taken up again within this."""
SHOWN = 12
"""So many faults of other kinds than lost and doubled are named in the report; the file of findings names all."""


@dataclass
class Result:
    """What one run measured."""

    engine: str
    began: float
    """When the first fault was due (monotonic)."""
    seconds: float
    seed: int
    findings: Findings
    kills: Counter[str]
    orphans: list[Orphan]
    left_alone: float
    """Seconds after the last fault for which a store was not called, because of failures before."""
    rest: float | None
    """Seconds from then to rest; `None`: not within the time."""
    changes_after: int
    """Changes that a second look at the resting stores caused."""
    cut_mails: int
    """Mails that a trouble met on the wire: the outcome of each may be unknown for good."""
    cut_notes: int
    """Calls to the store that keeps notes whose answer a trouble took: there may be a note in each."""
    disk_full: int | None
    """How often the disk was full; `None` where there is none that can be filled: a server's, or this machine lets us
    mount none.
    """
    acts: Counter[str]
    mails: int
    answers: Counter[int]
    slowest: list[float]
    folder: Path
    """Where everybody's logs are; it stays when an expectation fails."""

    @property
    def resumed(self) -> list[float]:
        """Seconds of each orphaned piece of work that was taken up again."""
        return [orphan.seconds for orphan in self.orphans if orphan.seconds is not None]

    def failures(self) -> list[str]:
        """Which expectations do not hold, in sentences; empty when all is well."""
        found = list(self.findings.faults)
        if self.rest is None:
            found.append(f"There was no rest within {REST_SECONDS:g} s.")
        if self.changes_after:
            found.append(f"A second look at rest caused {self.changes_after} changes in the stores.")
        for word, names, cut in (
            ("messages", self.findings.unknown_messages, self.cut_mails),
            ("notes", self.findings.unknown_notes, self.cut_notes),
        ):
            if len(names) > (most := self.kills.total() + cut):
                found.append(f"{len(names)} {word} of unknown outcome, and only {most} kills and cuts that allow one.")
        late = percentile(self.resumed, 0.99)
        if late is not None and late > RESUME_SECONDS:
            found.append(f"Orphaned work resumed within {late:.1f} s at the 99th percentile.")
        lying = [orphan.name for orphan in self.orphans if orphan.seconds is None and not orphan.ended]
        return found + [f"Orphaned work was never taken up again: {name}" for name in lying]


def storm(engine: str, seconds: float, seed: int, *, rate: float = DELIVERIES_A_SECOND, quiet: bool = True) -> Result:
    """Run it."""
    with arena(engine, workers=2, seed=seed) as here, Orphans(here.house.world) as orphans:
        nemesis = Nemesis(here, orphans, seed, quiet)
        load = Load(here, seed)
        here.rest(60)
        with load.running(rate=rate):
            nemesis.rage(seconds)
        left_alone = wait_until_called(here)
        rest, after = rest_and_look_twice(here, REST_SECONDS)
        result = Result(
            engine=engine,
            began=nemesis.began,
            seconds=seconds,
            seed=seed,
            findings=load.check(),
            kills=nemesis.kills,
            orphans=orphans.found,
            left_alone=left_alone,
            rest=rest,
            changes_after=after,
            cut_mails=here.post.struck.total(),
            cut_notes=sum(here.stand_ins["woocommerce"].proxy.struck[trouble] for trouble in NO_ANSWER)
            + nemesis.answers_taken["woocommerce"],
            disk_full=nemesis.filled if isinstance(here.database, Sqlite) and here.database.small else None,
            acts=load.acts,
            mails=len(here.mails()),
            answers=Counter(status for said in load.said.values() for status in said.answers),
            slowest=sorted(load.seconds),
            folder=here.folder,
        )
        here.keep = bool(result.failures())
        return result
