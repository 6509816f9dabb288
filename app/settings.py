"""The merchant's choices: one field for each, one line of help beside it, errors where they were made."""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app import words
from app.access import merchant_pages, signed_in_store, world
from backorder.domain.accept_rules import AcceptRuleError, accept_rules_written, parse_accept_rules
from backorder.domain.actions import Capability
from backorder.domain.locations import UnreadableLocations, locations_written, parse_locations
from backorder.domain.policy import HELP, BackorderPolicy, Excess, NoticeKind, PolicyError
from backorder.domain.priority import RuleError, parse_rules, written
from backorder.domain.split import Share, Split
from backorder.domain.spoken import spoken
from backorder.domain.store import Store
from jobs import steer
from jobs.world import capabilities

blueprint = merchant_pages("settings", __name__)

WHOLE_NUMBERS = (
    "handling_days",
    "inbound_buffer_days",
    "settle_seconds",
    "leapfrog_times",
    "leapfrog_days",
    "least_move_days",
    "least_told_days",
)
LIMITS = (
    "longest_wait_days",
    "most_units_item",
    "most_units_order",
    "most_units_customer",
    "most_late_days",
    "most_cancel_percent",
)
MAYBE_NUMBERS = ("lead_time_days", "most_locations", "split_wait_days", "share_days", "cut_off_hour", *LIMITS)
"""Left empty, the choice is not made."""
AMOUNTS = ("keep_back", "least_part_units", "least_part_value")
SWITCHES = (
    "accept_backorders",
    "accept_undated",
    "late_lines_wait",
    "cross_location",
    "customers_choose",
    "whole_orders_first",
    "types_counted",
    "note_to_customer",
    "order_note",
    "tell_shoppers",
    "turn_selling",
    "cancel_in_store",
    "move_in_store",
    "ship_in_store",
    "paused",
)
FOR_SOME = (
    (Capability.NOTE, "note_to_customer", "Send notes to customers"),
    (Capability.ORDER_NOTE, "order_note", "Keep a line in the order's note"),
    (Capability.SHOPPERS, "tell_shoppers", "Tell shoppers"),
    (Capability.SELLING, "turn_selling", "Sell what may be backordered"),
    (Capability.MOVE, "move_in_store", "Move orders to the location that has them"),
    (Capability.CANCEL, "cancel_in_store", "Cancel and refund in the store"),
    (Capability.SHIP, "ship_in_store", "Waitline tells the store what has shipped"),
)
"""Switches that only some platforms can follow."""
NO_NUMBER = "This must be a whole number."


@blueprint.get("/settings")
def show() -> ResponseReturnValue:
    """The page with the choices as they are."""
    store = signed_in_store()
    return _page(store, as_entered(store.policy), {})


@blueprint.post("/settings")
def save() -> ResponseReturnValue:
    """Save all choices, or none and say why."""
    here, store = world(), signed_in_store()
    offered = {"", store.policy.waiting_status, *(word for word, _ in store.statuses)}
    choices, errors = chosen(request.form, with_tags=Capability.TAG in capabilities(store), statuses=offered)
    if not errors:
        try:
            steer.save_policy(here, store.id, **choices)
        except PolicyError as error:
            errors = {error.field: str(error)}
    if errors:
        return _page(store, request.form, errors), 422
    flash("Saved. Every waiting order is looked at anew under these settings.")
    return redirect(url_for("settings.show"), 303)


def chosen(
    form: MultiDict[str, str], *, with_tags: bool, statuses: Collection[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The choices that a form makes, and a sentence for each field that cannot be read. `statuses` are those that
    waiting orders may be given.
    """
    errors: dict[str, str] = {}
    choices: dict[str, Any] = {
        **{name: name in form for name in SWITCHES},
        "sender_name": form.get("sender_name", "").strip(),
        "reply_to": form.get("reply_to", "").strip(),
        "holidays_of": form.get("holidays_of", "").strip().upper(),
        "workdays": frozenset(int(day) for day in form.getlist("workdays") if day in tuple("0123456")),
        "notices": frozenset(kind for kind in NoticeKind if kind.value in form.getlist("notices")),
    }
    if with_tags:
        choices["tag_prefix"] = form.get("tag_prefix", "").strip()
    if "line_label" in form:
        choices["line_label"] = form["line_label"].strip()
    if form.get("waiting_status", "") not in statuses:
        errors["waiting_status"] = "Choose one of these."
    elif "waiting_status" in form:
        choices["waiting_status"] = form["waiting_status"]
    if form.get("split") in [split.value for split in Split]:
        choices["split"] = Split(form["split"])
    else:
        errors["split"] = "Choose one of these."
    if form.get("order_share") in [share.value for share in Share]:
        choices["order_share"] = Share(form["order_share"])
    else:
        errors["order_share"] = "Choose one of these."
    if form.get("excess") in [excess.value for excess in Excess]:
        choices["excess"] = Excess(form["excess"])
    else:
        errors["excess"] = "Choose one of these."
    try:
        choices["priority"] = parse_rules(form.get("priority", ""))
    except RuleError as error:
        errors["priority"] = str(error)
    try:
        choices["accept_rules"] = parse_accept_rules(form.get("accept_rules", ""))
    except AcceptRuleError as error:
        errors["accept_rules"] = str(error)
    try:
        choices["locations"] = parse_locations(form.get("locations", ""))
    except UnreadableLocations:
        errors["locations"] = "These must be numbers with commas between them."
    for name in WHOLE_NUMBERS:
        choices[name] = _whole(name, form.get(name, ""), errors)
    for name in MAYBE_NUMBERS:
        choices[name] = _whole(name, form.get(name, ""), errors) if form.get(name, "").strip() else None
    for name in AMOUNTS:
        choices[name] = _amount(name, form.get(name, ""), errors)
    return choices, errors


def _amount(name: str, text: str, errors: dict[str, str]) -> Decimal:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        errors[name] = "This must be a number."
    return found


def _whole(name: str, text: str, errors: dict[str, str]) -> int:
    bare = text.strip()
    if bare.isascii() and bare.isdigit() and len(bare) < 10:
        return int(bare)
    errors[name] = NO_NUMBER
    return 0


def as_entered(policy: BackorderPolicy) -> MultiDict[str, str]:
    """A policy as the form that would make it."""
    entered: MultiDict[str, str] = MultiDict(
        {
            "split": policy.split.value,
            "order_share": policy.order_share.value,
            "excess": policy.excess.value,
            "holidays_of": policy.holidays_of,
            "priority": written(policy.priority),
            "accept_rules": accept_rules_written(policy.accept_rules),
            "locations": locations_written(policy.locations),
            "sender_name": policy.sender_name,
            "reply_to": policy.reply_to,
            "tag_prefix": policy.tag_prefix,
            "line_label": policy.line_label,
            "waiting_status": policy.waiting_status,
            **{name: str(getattr(policy, name)) for name in WHOLE_NUMBERS},
            **{name: spoken(getattr(policy, name)) for name in AMOUNTS},
            **{name: str(days) for name in MAYBE_NUMBERS if (days := getattr(policy, name)) is not None},
        }
    )
    entered.setlist("workdays", [str(day) for day in sorted(policy.workdays)])
    entered.setlist("notices", [kind.value for kind in policy.notices])
    for name in SWITCHES:
        if getattr(policy, name):
            entered[name] = "yes"
    return entered


def _statuses(store: Store) -> Mapping[str, str]:
    """What a waiting order may be given, by the store's word; what is chosen stays on the list when its plugin went."""
    kept = store.policy.waiting_status
    gone = {kept: f"{kept} (your store has it no longer)"} if kept else {}
    return {**gone, **dict(store.statuses)}


def _page(store: Store, entered: MultiDict[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "settings.html",
        entered=entered,
        errors=errors,
        help=HELP,
        splits=words.SPLITS,
        shares=words.SHARES,
        excesses=words.EXCESSES,
        limits=words.LIMITS,
        weekdays=words.WEEKDAYS,
        notices=words.NOTICES,
        notice_help=words.NOTICE_HELP,
        with_tags=Capability.TAG in capabilities(store),
        with_dates=Capability.LINE_DATE in capabilities(store),
        with_status=Capability.STATUS in capabilities(store),
        statuses=_statuses(store),
        for_some=[(name, title) for cap, name, title in FOR_SOME if cap in capabilities(store)],
    )
