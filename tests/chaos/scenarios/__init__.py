"""The faults of the matrix by name; each runs alone: `make chaos SCENARIO=F-05`."""

from tests.chaos.scenarios.beside import f16
from tests.chaos.scenarios.cancelling import f22
from tests.chaos.scenarios.clocks import f23
from tests.chaos.scenarios.database import f04
from tests.chaos.scenarios.disk import f07
from tests.chaos.scenarios.expectation import Scenario
from tests.chaos.scenarios.poison import f18
from tests.chaos.scenarios.post import f06
from tests.chaos.scenarios.race import f20
from tests.chaos.scenarios.redis_away import f03, f08, f09
from tests.chaos.scenarios.shop import f10, f21
from tests.chaos.scenarios.tokens import f19
from tests.chaos.scenarios.web import f01
from tests.chaos.scenarios.workers import f02, f05

SCENARIOS = {
    "F-01": Scenario("the web process is killed", f01),
    "F-02": Scenario("workers are killed at work", f02),
    "F-03": Scenario("Redis is killed and emptied", f03),
    "F-04": Scenario("the database crashes or is locked", f04),
    "F-05": Scenario("workers are stopped for three leases", f05),
    "F-06": Scenario("the mail server breaks off", f06),
    "F-07": Scenario("the disk is full, read-only, or does not keep what it was given", f07),
    "F-08": Scenario("Redis has no memory", f08),
    "F-09": Scenario("Redis is wrong about its jobs", f09),
    "F-10": Scenario("stores answer badly or not at all", f10),
    "F-16": Scenario("one store's sale beside a quiet store", f16),
    "F-18": Scenario("poison in the inbox", f18),
    "F-19": Scenario("access is renewed by many, and the one at it is killed", f19),
    "F-20": Scenario("many allocate the last unit", f20),
    "F-21": Scenario("stock jumps about", f21),
    "F-22": Scenario("customer, merchant, workers and staff are at one order", f22),
    "F-23": Scenario("clocks are wrong", f23),
}

__all__ = ["SCENARIOS"]
