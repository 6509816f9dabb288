"""Planted faults: ways in which Waitline could be wrong, each switched on only in here. The checks must catch them all.

A fault replaces a function of the application for the length of a run. What it breaks is said in its sentence.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import literal, true

from backorder.db import (
    erasing,
    inbox,
    intake,
    item_rows,
    items,
    leases,
    messages,
    order_rows,
    outbox,
    stores,
    tables,
)
from backorder.domain import choices, orders, split, supply
from backorder.domain.errors import OutcomeUnknown, TemporaryFailure
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Health
from connectors.shopify import cancelling, tokens
from connectors.shopify.store import ShopifyStore
from connectors.shopify.webhooks import ShopifyWebhooks
from connectors.woocommerce import cancelling as in_woo
from connectors.woocommerce.store import WooStore
from connectors.woocommerce.webhooks import WooWebhooks
from jobs import (
    allocate,
    cancel,
    catch_up,
    ingest,
    notify,
    outlook,
    plan,
    promise,
    steer,
    sweep,
    take_in,
    write_back,
    write_items,
)
from jobs.keys import Keys
from tests.simulation import faulty, faulty_stores
from tests.simulation.faults_of_parcels import FAULTS_OF_PARCELS
from tests.simulation.faults_of_passes import FAULTS_OF_PASSES
from tests.simulation.planting import PlantedFault, instead
from tests.simulation.weather import ECHOES

FAULTS: Mapping[str, PlantedFault] = {
    "a-key-for-each-arrival": PlantedFault(
        "A webhook's key holds the time of its arrival: a repeat is news.",
        instead((intake.Intake, "keep", faulty.keep_under_another_key)),
    ),
    "looked-then-kept": PlantedFault(
        "Whether a webhook is a repeat is looked up first, instead of left to a unique key.",
        instead((intake.Intake, "keep", faulty.look_then_keep)),
        weather=ECHOES,
    ),
    "answered-before-kept": PlantedFault(
        "A webhook is answered first and kept later.", instead((intake.Intake, "keep", faulty.answer_first))
    ),
    "any-signature": PlantedFault(
        "A webhook is of whatever shop its header names.",
        instead((ShopifyWebhooks, "verify", faulty.hear_anybody), (WooWebhooks, "verify", faulty.hear_anybody)),
        pair="shopify",
    ),
    "poison-takes-the-others-along": PlantedFault(
        "A delivery that cannot be understood is put aside with all that wait behind it.",
        instead((inbox, "raised", faulty.all_aside), (ingest, "BATCH", 1)),
    ),
    "older-order-reading-last": PlantedFault(
        "An order's reading is saved although one that began later was saved before.",
        instead((orders, "read", faulty.read_anyway)),
        more="crossed",
    ),
    "caught-up-once": PlantedFault(
        "After the first import no catch-up looks for what no webhook told.",
        instead((catch_up, "EVERY", timedelta(days=999))),
    ),
    "subscribed-once": PlantedFault(
        "A webhook that the shop took away is not put back.",
        instead((catch_up, "AUDIT_EVERY", timedelta(days=999))),
    ),
    "unread-mark-wiped": PlantedFault(
        "A reading that began before an order was marked takes the mark away.",
        instead((orders, "read", faulty.read_and_unmark)),
        more="crossed",
    ),
    "dirty-mark-wiped": PlantedFault(
        "A pass takes the mark of an item away that changed while it worked.",
        instead((items, "done", faulty.done_whatever_came)),
        more="crossed",
    ),
    "deleted-orders-stay": PlantedFault(
        "An order that the shop no longer has keeps its units.",
        instead((orders, "gone", faulty.still_there)),
    ),
    "lease-without-fence": PlantedFault(
        "A worker whose lease was taken over writes all the same.",
        instead((leases, "check", faulty.no_fence), (leases, "renew", faulty.no_fence)),
        more="crossed",
    ),
    "lease-for-everybody": PlantedFault(
        "A lease is given to whoever asks, without a fence.",
        instead(
            (leases, "acquire", faulty.always_free),
            (leases, "check", faulty.no_fence),
            (leases, "renew", faulty.no_fence),
        ),
        more="crossed",
    ),
    "order-by-change": PlantedFault(
        "Lines queue by when their order changed last.", instead((order_rows, "queued_at", faulty.by_change))
    ),
    "newest-id-first": PlantedFault(
        "Of orders of one moment the one with the higher number is served first, and the others by chance.",
        instead((plan, "allocate", faulty.newest_first)),
    ),
    "firm-units-move": PlantedFault(
        "Units that the store already lets ship are given to an older order.",
        instead((plan, "allocate", faulty.nothing_is_firm)),
    ),
    "cancel-wish-unheard": PlantedFault(
        "A line that its customer wants cancelled goes on taking units.",
        instead((plan, "allocate", faulty.nobody_stops_taking)),
    ),
    "keep-back-unheard": PlantedFault(
        "Units that the merchant keeps back are given to lines that wait.",
        instead((plan, "allocate", faulty.nothing_kept_back)),
    ),
    "head-start-added": PlantedFault(
        "A head start puts lines back instead of ahead.",
        instead((order_rows.Queueing, "times", faulty.queues_later)),
        rich=True,
    ),
    "pulled-under-old-rules": PlantedFault(
        "Orders that are pulled while the merchant changes the rules are placed under those of before.",
        instead((allocate, "pull", faulty.pull_under_old_rules), (catch_up, "pull", faulty.pull_under_old_rules)),
        rich=True,
        more="crossed",
    ),
    "given-unlike-shown": PlantedFault(
        "Units are given by hand although others lose them than the merchant was shown.",
        instead((steer, "give_by_hand", faulty.give_as_it_is_now)),
        rich=True,
    ),
    "passed-without-end": PlantedFault(
        "An order that lets others pass does so for ever, whatever limits the merchant set.",
        instead((choices, "yields", faulty.yields_without_end)),
        rich=True,
    ),
    "keep-back-of-item-unheard": PlantedFault(
        "Units of an item that the merchant keeps back are counted by the store's number.",
        instead((plan, "kept_back", faulty.keep_back_of_store)),
        rich=True,
    ),
    "customers-choice-unheard": PlantedFault(
        "What a customer wants to be shipped together leaves in parts, and the other way round.",
        instead((split.Terms, "split_of", faulty.customers_unheard)),
        rich=True,
    ),
    "promised-unaccepted": PlantedFault(
        "A line that was not accepted is promised for a day.",
        instead((promise, "due", faulty.anybody_is_promised)),
        rich=True,
    ),
    "give-the-difference": PlantedFault(
        "Stock went up by k, so k units are given: what is truly there is not asked for.",
        instead((allocate, "assess", faulty.give_what_came)),
    ),
    "supply-without-the-smaller": PlantedFault(
        "All that the shop has committed counts as ours.",
        instead((supply, "physically_there", faulty.all_committed_is_ours)),
    ),
    "rise-believed-at-sight": PlantedFault(
        "Where a shop tells no committed figure, a risen stock is given at once.",
        instead((supply, "_doubt", faulty.a_rise_is_a_rise)),
        pair="woocommerce",
    ),
    "told-before-written": PlantedFault(
        "A message that speaks of a store write leaves before that write is done.",
        instead(
            (messages, "write_is_pending", lambda _store, _order: literal(False)),
            (messages, "is_write_pending", lambda *_: False),
        ),
    ),
    "mail-again-in-doubt": PlantedFault(
        "A mail of unknown outcome is sent once more.",
        instead((notify, "_settle", faulty.again_in_doubt)),
        stormy=True,
    ),
    "abandoned-mail-again": PlantedFault(
        "A mail whose sender died is sent once more.",
        instead((messages, "abandoned_notices", faulty.abandoned_again)),
        stormy=True,
    ),
    "refused-mail-counts-as-sent": PlantedFault(
        "A mail that the server asked to send later counts as sent.",
        instead((notify, "_settle", faulty.refused_is_sent)),
        stormy=True,
    ),
    "today-in-utc": PlantedFault(
        "Dates are counted by the day in UTC.",
        instead((promise, "zone_of", faulty.utc), (outlook, "zone_of", faulty.utc)),
        more="dawn",
    ),
    "note-again-in-doubt": PlantedFault(
        "A note of unknown outcome is posted once more.",
        instead((write_back, "post_note", faulty.blind_note)),
        pair="woocommerce",
        stormy=True,
    ),
    "failed-write-counts-as-done": PlantedFault(
        "A write that the store could not take counts as done.",
        instead(
            (ShopifyStore, "push", faulty.hopeful(faulty.shopify_push, TemporaryFailure)),
            (WooStore, "push", faulty.hopeful(faulty.woo_push, TemporaryFailure)),
        ),
        stormy=True,
        pair="apart",
    ),
    "unknown-write-counts-as-done": PlantedFault(
        "A write that was not answered counts as done.",
        instead(
            (ShopifyStore, "push", faulty.hopeful(faulty.shopify_push, OutcomeUnknown)),
            (WooStore, "push", faulty.hopeful(faulty.woo_push, OutcomeUnknown)),
        ),
        stormy=True,
    ),
    "row-deleted-on-error": PlantedFault(
        "A write that failed or was not answered loses its row.",
        instead((outbox, "set_actions", faulty.lose_the_row)),
        stormy=True,
    ),
    "begun-write-forgotten": PlantedFault(
        "A write whose worker died is found by nobody.",
        instead((outbox, "TO_DO", tables.actions.c.state.in_([WorkState.DUE, WorkState.UNKNOWN]))),
        stormy=True,
    ),
    "rings-are-the-queue": PlantedFault(
        "What no ring tells of is not done: the sweep does not look for it.",
        instead((sweep, "due", faulty.rings_only)),
    ),
    "hold-put-back": PlantedFault(
        "A hold that a person released is put back.",
        instead((take_in, "released_by_hand", lambda *_: [])),
        pair="shopify",
    ),
    "tag-put-back": PlantedFault(
        "A tag that a person took off is put back.",
        instead((take_in, "tags_taken_off", lambda *_: ())),
        pair="shopify",
    ),
    "token-used-before-kept": PlantedFault(
        "A renewed token is used, and kept by nobody.",
        instead((Keys, "_exchanged", faulty_stores.exchanged_and_not_kept)),
        pair="apart",
    ),
    "trouble-of-the-office-shuts-out": PlantedFault(
        "A shop that gives no new token at the moment counts as one that has shut us out.",
        instead((tokens, "refresh", faulty_stores.refresh_or_lost)),
        pair="apart",
        stormy=True,
    ),
    "erased-come-back": PlantedFault(
        "What a store still tells of an erased order brings its customer back.",
        instead((erasing, "marked", lambda *_: frozenset())),
        pair="shopify",
    ),
    "left-and-called": PlantedFault(
        "A store that has left is called, written to and kept as before.",
        instead((stores, "leave", lambda *_: None)),
        pair="shopify",
    ),
    "left-with-its-keys": PlantedFault(
        "The keys of a store that has left are kept.",
        instead((stores, "leave", faulty_stores.left_with_its_keys)),
        pair="shopify",
    ),
    "shut-out-unheard": PlantedFault(
        "That a store refuses us is not noted: it is called again and again.",
        instead((stores, "access_lost", lambda *_: None)),
        pair="apart",
        more="shut out",
    ),
    "shut-out-and-called": PlantedFault(
        "A store of which we know that it has shut us out is called.",
        instead((stores, "CALLED", (Health.GOOD, Health.BACKING_OFF, Health.ACCESS_LOST))),
        pair="apart",
        more="shut out",
    ),
    "erased-but-for-a-table": PlantedFault(
        "Of a store that is erased the rows of one table stay.",
        instead((erasing, "tables_of_stores", faulty_stores.tables_but_one)),
        pair="shopify",
    ),
    "erased-words-stay": PlantedFault(
        "What was received about an erased customer stays as it came.",
        instead((inbox, "blank", lambda *_: None)),
        pair="shopify",
    ),
    "cancel-key-for-each-try": PlantedFault(
        "Each try of a cancellation has a key of its own, which nobody keeps.",
        instead((cancel, "Cancellation", faulty_stores.key_for_each_try)),
    ),
    "cancelled-again-in-doubt": PlantedFault(
        "A cancellation of unknown outcome is made once more, without a look at what was done.",
        instead(
            (ShopifyStore, "cancel", faulty_stores.again_in_shopify),
            (WooStore, "cancel", faulty_stores.again_in_woocommerce),
        ),
        stormy=True,
    ),
    "more-cancelled-than-asked": PlantedFault(
        "Who gives up some lines of an order loses all of them.",
        instead((cancelling, "_whole", lambda *_: True), (in_woo, "_refund", faulty_stores.refund_every_line)),
    ),
    "money-back-unasked": PlantedFault(
        "A cancellation that was accepted without money gives it back.",
        instead((cancel, "Cancellation", faulty_stores.with_money)),
    ),
    "item-told-once": PlantedFault(
        "What a store was once told of an item is never told anew.",
        instead((item_rows, "plan", faulty_stores.plan_once)),
        rich=True,
    ),
    "unwritten-item-counts-as-written": PlantedFault(
        "An item counts as written to although the store did not take it, or did not answer.",
        instead(
            (ShopifyStore, "write_items", faulty_stores.hopeful_of_items(faulty_stores.shopify_items)),
            (WooStore, "write_items", faulty_stores.hopeful_of_items(faulty_stores.woo_items)),
        ),
        rich=True,
        stormy=True,
    ),
    "switch-not-put-back": PlantedFault(
        "A store's own switch stays as we turned it although it is no longer ours to turn.",
        instead((write_items, "turn", faulty_stores.turned_for_good)),
        rich=True,
        pair="shopify",
        more="shelves",
    ),
    "writes-while-watching": PlantedFault(
        "A store that is only watched is written to.",
        instead(
            (write_back, "Mode", faulty.NoWatch),
            (notify, "Mode", faulty.NoWatch),
            (outbox, "live", lambda _table: true()),
            (messages, "live", lambda _table: true()),
            (outbox, "drop_due", lambda *_: None),
        ),
    ),
    **FAULTS_OF_PARCELS,
    **FAULTS_OF_PASSES,
}

QUICK = (
    "a-key-for-each-arrival", "answered-before-kept", "looked-then-kept", "any-signature", "caught-up-once",
    "poison-takes-the-others-along", "older-order-reading-last", "subscribed-once", "dirty-mark-wiped",
    "deleted-orders-stay", "lease-without-fence", "lease-for-everybody", "order-by-change", "newest-id-first",
    "firm-units-move", "cancel-wish-unheard", "keep-back-unheard", "head-start-added", "pulled-under-old-rules",
    "promised-unaccepted", "give-the-difference", "supply-without-the-smaller", "told-before-written",
    "note-again-in-doubt",
)  # fmt: skip
"""Caught by one of the first seeds, within half a minute: each change is tried with a few of these in rotation."""
