"""Looks at everything Waitline stands on and says in plain sentences what is well and what is not."""

import smtplib
from dataclasses import dataclass
from urllib.parse import urlsplit

from backorder.db import privacy_tasks, queries, stores, whole_readings
from backorder.db.session import StorageError, writable
from backorder.db.whole_readings import WholeReading
from backorder.domain.errors import WaitlineError
from backorder.domain.store import Health, Mode, Store
from connectors import PLATFORMS, get
from jobs.queues import reachable, throws_away
from jobs.world import World

SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    ok: bool
    text: str


def examine(world: World) -> list[Finding]:
    """Every finding, the ground first. Where the database does not answer nothing further is asked."""
    findings = [_settings(world), _public_url(world), _redis(world), _mail(world)]
    try:
        writable(world.database)
        with world.database.read() as conn:
            found = stores.everyone(conn)
            overdue = privacy_tasks.overdue(conn, world.clock())
    except StorageError as error:
        return [*findings, Finding("database", False, f"It cannot be used ({type(error).__name__}).")]
    findings.append(Finding("database", True, "It can be written to."))
    if overdue:
        named = ", ".join(str(task.id) for task in overdue)
        text = f"Should have been done by now: task {named}. See `waitline privacy list`."
        findings.append(Finding("requests about people's data", False, text))
    for store in found:
        findings += _store(world, store)
    if not found:
        findings.append(Finding("stores", True, "None is connected yet."))
    return findings


def _settings(world: World) -> Finding:
    known = [setting.name for platform in PLATFORMS.values() for setting in platform.operator_settings]
    unknown = world.config.unknown(known)
    if unknown:
        return Finding("settings", False, f"Nothing reads {', '.join(unknown)}: is the name spelt right?")
    return Finding("settings", True, "Every setting is known.")


def _public_url(world: World) -> Finding:
    parts = urlsplit(world.config.public_url)
    if parts.scheme == "https" or world.config.allow_private_stores:
        return Finding("public address", True, f"Webhooks and customers reach {world.config.public_url}.")
    return Finding(
        "public address", False, f"WAITLINE_PUBLIC_URL is {world.config.public_url}: stores need an https:// address."
    )


def _redis(world: World) -> Finding:
    url = world.config.redis_url.get_secret_value()
    if not url:
        return Finding("redis", True, "`waitline up` brings a server of its own.")
    if not reachable(url):
        return Finding("redis", False, "It does not answer. Webhooks are kept and worked off once it is back.")
    if policy := throws_away(url):
        text = f"Once its memory is full it throws away what waits (maxmemory-policy {policy}): set noeviction."
        return Finding("redis", False, text)
    return Finding("redis", True, "It answers.")


def _mail(world: World) -> Finding:
    url = world.config.smtp_url.get_secret_value()
    if not url:
        return Finding("mail", False, "WAITLINE_SMTP_URL is not set: no message can be sent to customers.")
    parts = urlsplit(url)
    try:
        kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
        with kind(parts.hostname or "", parts.port or 25, timeout=SECONDS) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return Finding("mail", False, f"The mail server does not answer ({type(error).__name__}).")
    return Finding("mail", True, "The mail server answers.")


def _store(world: World, store: Store) -> list[Finding]:
    about = f"store {store.id} ({store.address})"
    if store.health is Health.ACCESS_LOST:
        return [Finding(about, False, f"It refuses our credentials: connect it again. {store.trouble}")]
    findings = []
    try:
        client = world.client(store)
        facts = client.describe()
        findings.append(Finding(about, True, f"{facts.name} answers; it is {_mode(store)}."))
        findings += [Finding(about, True, sentence) for sentence in facts.lacks]
        ends = world.keys.life(store).renewable_until
        if ends is not None:
            findings.append(
                Finding(about, True, f"Its access is renewed by itself; unused it ends on {ends:%Y-%m-%d}.")
            )
        with world.database.read() as conn:
            token = stores.webhook_token(conn, store.id)
        missing = client.missing_subscriptions(
            get(store.platform).installer.webhook_url(world.config.public_url, token)
        )
        if missing:
            findings.append(
                Finding(about, False, f"It does not send us {', '.join(missing)}; mended within 15 minutes.")
            )
        else:
            findings.append(Finding(about, True, "It sends us every webhook that we need."))
    except WaitlineError as error:
        findings.append(Finding(about, False, str(error)))
    with world.database.read() as conn:
        whole = whole_readings.under_way(conn, store.id)
        read = 0 if whole is None else whole_readings.orders_read(conn, store.id, whole)
        counts = queries.health_counts(conn, store.id, world.clock())
    if whole is not None:
        findings.append(Finding(about, True, _progress(whole, read)))
    if counts.quarantined or counts.unknown:
        text = f"{counts.quarantined} webhooks are put aside, {counts.unknown} writes or mails have no known outcome."
        findings.append(Finding(about, True, text))
    return findings


def _mode(store: Store) -> str:
    return {Mode.ON: "switched on", Mode.WATCH: "only watched", Mode.LEAVING: "being left"}[store.mode]


def _progress(whole: WholeReading, read: int) -> str:
    """How far the reading of every open order is."""
    told = f" {whole.said}" if whole.said else ""
    return (
        f"Its open orders are being read since {whole.began:%Y-%m-%d %H:%M} UTC: {read} so far, "
        f"{whole.gathered} entries put together by the store.{told}"
    )
