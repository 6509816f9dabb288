"""The merchant's choices: one field for each, one line of help beside it, errors where they were made."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app import words
from app.access import merchant_pages, signed_in_store, world
from backorder.domain.actions import Capability
from backorder.domain.policy import HELP, BackorderPolicy, NoticeKind, PolicyError, Split
from backorder.domain.reasons import spoken
from backorder.domain.store import Store
from jobs import steer
from jobs.world import capabilities

blueprint = merchant_pages("settings", __name__)

WHOLE_NUMBERS = ("handling_days", "inbound_buffer_days", "settle_seconds")
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
    choices, errors = chosen(request.form, with_tags=Capability.TAG in capabilities(store))
    if not errors:
        try:
            steer.save_policy(here, store.id, **choices)
        except PolicyError as error:
            errors = {error.field: str(error)}
    if errors:
        return _page(store, request.form, errors), 422
    flash("Saved. Every waiting order is looked at anew under these settings.")
    return redirect(url_for("settings.show"), 303)


def chosen(form: MultiDict[str, str], *, with_tags: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """The choices that a form makes, and a sentence for each field that cannot be read."""
    errors: dict[str, str] = {}
    choices: dict[str, Any] = {
        "accept_backorders": "accept_backorders" in form,
        "late_lines_wait": "late_lines_wait" in form,
        "paused": "paused" in form,
        "sender_name": form.get("sender_name", "").strip(),
        "reply_to": form.get("reply_to", "").strip(),
        "notices": frozenset(kind for kind in NoticeKind if kind.value in form.getlist("notices")),
    }
    if with_tags:
        choices["tag_prefix"] = form.get("tag_prefix", "").strip()
    if form.get("split") in [split.value for split in Split]:
        choices["split"] = Split(form["split"])
    else:
        errors["split"] = "Choose one of the three."
    for name in WHOLE_NUMBERS:
        choices[name] = _whole(name, form.get(name, ""), errors)
    lead_time = form.get("lead_time_days", "").strip()
    choices["lead_time_days"] = _whole("lead_time_days", lead_time, errors) if lead_time else None
    try:
        choices["keep_back"] = Decimal(form.get("keep_back", "").strip())
        if not choices["keep_back"].is_finite():
            errors["keep_back"] = "This must be a number."
    except InvalidOperation:
        errors["keep_back"] = "This must be a number."
    return choices, errors


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
            "keep_back": spoken(policy.keep_back),
            "lead_time_days": "" if policy.lead_time_days is None else str(policy.lead_time_days),
            "sender_name": policy.sender_name,
            "reply_to": policy.reply_to,
            "tag_prefix": policy.tag_prefix,
            **{name: str(getattr(policy, name)) for name in WHOLE_NUMBERS},
        }
    )
    entered.setlist("notices", [kind.value for kind in policy.notices])
    for name in ("accept_backorders", "late_lines_wait", "paused"):
        if getattr(policy, name):
            entered[name] = "yes"
    return entered


def _page(store: Store, entered: MultiDict[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "settings.html",
        entered=entered,
        errors=errors,
        help=HELP,
        splits=words.SPLITS,
        notices=words.NOTICES,
        notice_help=words.NOTICE_HELP,
        with_tags=Capability.TAG in capabilities(store),
    )
