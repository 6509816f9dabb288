"""Tryton's planned job that assigns stock to waiting shipments, timed. Never imported: `benchmarks/peer.py` runs it
as a program of its own, with the interpreter that has Tryton.

On standard input it is told the name of an empty database, how many trials, and of each shipment how many days ago it
was planned and its units. It prints one line of JSON: Tryton's version, and the milliseconds of each trial.
"""

import json
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from trytond import __version__, backend  # type: ignore[import-not-found]
from trytond.pool import Pool  # type: ignore[import-not-found]
from trytond.transaction import Transaction  # type: ignore[import-not-found]

NOBODY = 0
"""The user as whom Tryton runs what is planned: no access rights are looked up."""
JOB = "ir.cron|stock_shipment_assign_try"

Wanted = list[tuple[int, int]]
"""Days ago and units of each shipment, in the order of their turn."""


class Warehouse:
    """A company with Tryton's own warehouse, a customer, and the planned job that assigns."""

    def __init__(self, name: str) -> None:
        self._name = name
        database = backend.Database(name)
        database.connect()
        with Transaction().start(name, NOBODY):
            database.init()
        Pool(name).init(update=["stock"], lang=["en"], activatedeps=True)
        with Transaction().start(name, NOBODY):
            self._today = model("ir.date").today()
            currency = made("currency.currency", name="Dollar", code="USD", symbol="$")
            made("currency.currency.rate", currency=currency, date=date(self._today.year, 1, 1), rate=Decimal(1))
            self._currency = currency.id
            party = made("party.party", name="Bench", addresses=[("create", [{}])])
            self._company = made("company.company", party=party, currency=currency).id
            self._customer = made("party.party", name="Ada", addresses=[("create", [{}])]).id
            # Its other planned jobs are switched off: only the one that assigns is measured.
            model("ir.cron").write(model("ir.cron").search([]), {"active": False})
            every = {"interval_number": 1, "interval_type": "days", "companies": [("add", [self._company])]}
            self._job = made("ir.cron", method=JOB, **every).id

    def trial(self, wanted: Wanted) -> float:
        """Milliseconds in which all shipments of a new product are assigned and committed."""
        with self._opened():
            shipments = self._waiting(wanted)
            model("ir.cron").write([model("ir.cron")(self._job)], {"next_call": None})
        with self._opened(), Transaction().connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        began = time.perf_counter()
        Pool(self._name).get("ir.cron").run(self._name)
        took = (time.perf_counter() - began) * 1000
        with self._opened():
            states = [shipment.state for shipment in model("stock.shipment.out").browse(shipments)]
            assert states == ["assigned"] * len(wanted), states
        return took

    def _opened(self) -> Any:
        return Transaction().start(self._name, NOBODY, context={"company": self._company, "_skip_warnings": True})

    def _waiting(self, wanted: Wanted) -> list[int]:
        """Shipments that wait, and as much on the shelf as they want; their ids."""
        place = {found.code: found for found in model("stock.location").search([("code", "!=", None)])}
        (unit,) = model("product.uom").search([("name", "=", "Unit")])
        template = made("product.template", name="Lamp", type="goods", default_uom=unit, list_price=Decimal(1))
        move = {"product": made("product.product", template=template).id, "unit": unit.id, "company": self._company}
        head = {"company": self._company, "customer": self._customer, "warehouse": place["WH"].id}
        head |= {"delivery_address": model("party.party")(self._customer).addresses[0].id}
        head |= {"warehouse_storage": place["STO"].id, "warehouse_output": place["OUT"].id}
        out = {"from_location": place["OUT"].id, "to_location": place["CUS"].id, "currency": self._currency}
        out |= {**move, "unit_price": Decimal(1)}
        shipment = model("stock.shipment.out")
        day = {days: self._today - timedelta(days=days) for days, _ in wanted}
        found = shipment.create(
            [
                {**head, "planned_date": day[days], "moves": [("create", [{**out, "quantity": units}])]}
                for days, units in wanted
            ]
        )
        shipment.wait(found)
        arrived = {**out, "from_location": place["SUP"].id, "to_location": place["STO"].id, "quantity": 0}
        arrived["quantity"] = sum(units for _, units in wanted)
        model("stock.move").do([made("stock.move", **arrived)])
        return [one.id for one in found]


def model(name: str) -> Any:
    """One of Tryton's models, in the transaction that is open."""
    return Pool().get(name)


def made(kind: str, /, **values: Any) -> Any:
    """A new record."""
    ids = {key: value.id if hasattr(value, "id") else value for key, value in values.items()}
    (record,) = model(kind).create([ids])
    return record


def main() -> None:
    """Prepare once, then a trial after the other, each with a product of its own."""
    told = json.load(sys.stdin)
    warehouse = Warehouse(told["database"])
    took = [warehouse.trial(told["wanted"]) for _ in range(told["trials"])]
    print(json.dumps({"version": __version__, "ms": took}))


if __name__ == "__main__":
    main()
