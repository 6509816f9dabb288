"""Who gets the stock: pure functions, a strict total order, a rule on every decision.

`demand` says who asks and what is there, `decisions` what can be decided and why, `serve` gives a pass's units to the
queue, `by_hand` gives the merchant's, `firm` says
what may not move any more.
"""

from backorder.domain.allocation.by_hand import give
from backorder.domain.allocation.decisions import Decision, Plan, Rule
from backorder.domain.allocation.demand import Binding, Demand, Supply, Turn
from backorder.domain.allocation.firm import made_firm
from backorder.domain.allocation.serve import allocate

__all__ = ["Binding", "Decision", "Demand", "Plan", "Rule", "Supply", "Turn", "allocate", "give", "made_firm"]
