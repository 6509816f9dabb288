"""Planted faults of worlds whose merchants have more done than usual: parcels, notes, statuses and
moves.
"""

from collections.abc import Mapping

from backorder.db import parcel_rows
from connectors.shopify import note_line
from connectors.shopify.store import ShopifyStore
from connectors.woocommerce import statuses
from connectors.woocommerce.store import WooStore
from jobs import record_parcel, relocate, ship
from tests.simulation import faulty_besides, faulty_parcels
from tests.simulation.planting import PlantedFault, instead

FAULTS_OF_PARCELS: Mapping[str, PlantedFault] = {
    "parcel-key-for-each-try": PlantedFault(
        "Each try of a parcel has a key of its own, which nobody keeps.",
        instead((ship, "Dispatch", faulty_parcels.key_for_each_try)),
        ways=True,
        pair="woocommerce",
    ),
    "parcel-again-in-doubt": PlantedFault(
        "A parcel of unknown outcome is written once more, without a look at what was done.",
        instead(
            (ShopifyStore, "ship", faulty_parcels.again_in_shopify),
            (WooStore, "ship", faulty_parcels.again_in_woocommerce),
        ),
        ways=True,
        stormy=True,
    ),
    "ships-more-than-given": PlantedFault(
        "What is in a parcel is not compared with what its order was given.",
        instead((record_parcel, "beyond", lambda *_: ""), (ship, "missing", lambda *_: "")),
        ways=True,
    ),
    "packed-units-go-to-others": PlantedFault(
        "Units of a parcel that was recorded may still be given to somebody else.",
        instead((record_parcel, "made_firm", lambda *_: [])),
        ways=True,
    ),
    "parcel-told-by-two": PlantedFault(
        "Of a parcel of which the store tells its customer we tell as well.",
        instead((parcel_rows, "keep_who_tells", lambda *_: None)),
        ways=True,
    ),
    "unsent-parcel-counts-as-recorded": PlantedFault(
        "A parcel counts as recorded although the store did not take it, or did not answer.",
        instead(
            (ShopifyStore, "ship", faulty_parcels.hopeful(faulty_parcels.shopify_ship)),
            (WooStore, "ship", faulty_parcels.hopeful(faulty_parcels.woo_ship)),
        ),
        ways=True,
        stormy=True,
    ),
    "note-overwrites-the-merchant": PlantedFault(
        "Our line takes the place of all that people wrote in an order's note.",
        instead((note_line, "with_line", faulty_besides.line_alone)),
        ways=True,
        pair="shopify",
    ),
    "status-over-a-persons-choice": PlantedFault(
        "An order that waits is given our status again, or its old one back, whatever a person made of it.",
        instead((statuses, "change", faulty_besides.over_anybodys_choice)),
        ways=True,
        pair="woocommerce",
    ),
    "moved-to-what-others-have": PlantedFault(
        "What lies at a location counts as free, whoever was given it.",
        instead((relocate, "_free", faulty_besides.free_is_what_lies_there)),
        ways=True,
        pair="shopify",
    ),
}
