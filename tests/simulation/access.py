"""A shop's tokens: they end, are renewed with lost answers, and are ended by the merchant, who lets us in again."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from urllib.parse import parse_qs

from backorder.db.secrets import Sealer
from backorder.domain.errors import TemporaryFailure
from connectors.http import Reply
from connectors.joining import Admitted
from demo.stores.shopify.oauth import ACCESS_LIVES
from demo.stores.troubles import Broken
from jobs.connect import admit
from jobs.world import World
from tests.simulation.box import Box, Violation
from tests.simulation.consent import tokens
from tests.simulation.happened import Actor
from tests.simulation.shopify_site import ShopifySite

OFFICE = "/admin/oauth/access_token"
NO = "invalid_grant"
"""By this word the office refuses a token for good."""
REFRESHING = ("refresh_token", "old_refresh_token")
TROUBLES = (*Broken, "429", "500", "503", "500_after", "html")
IN_VAIN = timedelta(seconds=60)
SOME = 25
"""Calls that a shop may refuse once it has ended our access: whoever made one may have died before he said so, and the
office that would have said it for good may have been in trouble.
"""
YOUNG = timedelta(minutes=2)
"""Tokens of this age do not end: that one ends between two calls of the same moment, even where somebody stood still
between them, is no story of any shop.
"""
AGAIN = timedelta(seconds=10)


def ending(box: Box) -> ShopifySite | None:
    """The shop whose tokens end, in worlds that have one."""
    return next((site for site in box.sites if isinstance(site, ShopifySite) and site.tokens_end), None)


def office(box: Box, die: Random) -> str | None:
    """Something happens to a shop's tokens."""
    site = ending(box)
    if site is None:
        return None
    what = die.choices(["ends", "trouble", "revoked", "let in"], [6, 5, 1, 3])[0]
    if what == "ends":
        held = site.app.office.open_tokens
        for token in [token for token, until in held.items() if until <= box.now + ACCESS_LIVES - YOUNG]:
            del held[token]
    elif what == "trouble":
        site.app.troubles.fail(die.choice(TROUBLES), die.choice([1, 1, 2]), path=OFFICE)
    elif what == "revoked":
        _revoke(box, site)
    else:
        return let_in(box, site, die)
    return f"{site.name}: {what}"


def _revoke(box: Box, site: ShopifySite) -> None:
    site.app.office.revoke()
    site.revoked_at = box.now
    box.missed.add(site.name)


def shut_out(box: Box, die: Random) -> str | None:
    """A merchant ends our access, and the next who calls the shop hears of it; later we are let in again."""
    site = ending(box)
    if site is None:
        return None
    again = let_in(box, site, die)
    _revoke(box, site)
    site.app.troubles.mend()
    return f"{again}, {box.job(('allocate', 'audit', box.ids[site.name]), die)}"


def let_in(box: Box, site: ShopifySite, die: Random, *, mortal: bool = True) -> str | None:
    """The merchant lets us in again, where our access was ended."""
    if site.revoked_at is None:
        return None
    site.revoked_at = None
    given = tokens(site, box.now)

    told: list[str] = []

    def act(world: World) -> None:
        try:
            admit(world, site.platform, Admitted(site.address, given))
        except TemporaryFailure as failure:
            told.append(str(failure))

    ended = box.as_actor("merchant", die, act, mortal=mortal)
    if ended != "done" or told:
        # Nothing of it was kept: the merchant tries again another time.
        site.app.office.revoke()
        site.revoked_at = box.now
    return f"{site.name}: let in, {ended}"


def let_in_for_good(box: Box, site: ShopifySite) -> None:
    """The merchant tries until it works: a shop that takes no more calls for the moment cannot be looked at."""
    for _ in range(20):
        let_in(box, site, Random(0), mortal=False)
        if site.revoked_at is None:
            return
        box.now += AGAIN
    raise Violation(f"{site.name}: nobody is let in again.")


class Access:
    """Whether access is kept as long as the shop gives it, and is not used any longer."""

    def __init__(self, box: Box, sealer: Sealer) -> None:
        self._box = box
        self._sealer = sealer
        self._kept: set[str] = set()
        self._sealed = ""
        self._held: Mapping[str, str] = {}
        self._shut_out = False
        self._refused: list[datetime] = []
        self._told_no: dict[str, tuple[Actor, set[str]]] = {}
        """Who asked the office in vain since our access ended, and with which refresh tokens."""

    def look(self) -> None:
        """After each step."""
        site = ending(self._box)
        if site is None:
            return
        health = self._read(site)
        self._shut_out = health == "access_lost"
        if site.revoked_at is not None:
            self._heard_it(site)
            return
        self._refused.clear()
        self._told_no.clear()
        if self._shut_out:
            raise Violation(f"{site.name} counts as shut out, and its merchant has not ended our access.")
        names = [self._held.get(name, "") for name in REFRESHING]
        if not set(names) & set(site.app.office.refresh_tokens):
            raise Violation(f"Access to {site.name} is lost: the shop takes none of the refresh tokens that are kept.")

    def calling(self, url: str, headers: Mapping[str, str]) -> None:
        """Before a call leaves."""
        site = ending(self._box)
        token = headers.get("X-Shopify-Access-Token")
        if site is None or token is None or not url.startswith(f"https://{site.address}/"):
            return
        self._read(site)
        if token not in self._kept | site.given:
            raise Violation(f"{site.name} is called with a token that is not kept: whoever dies now has lost it.")
        if site.revoked_at is None:
            return
        self._refused.append(self._box.now)
        since = self._refused[0]
        late = self._box.step_began > since + IN_VAIN
        if self._shut_out and self._box.step_began > site.revoked_at:
            raise Violation(f"{site.name} has shut us out, we know it, and call all the same.")
        if late and len(self._refused) > SOME:
            raise Violation(
                f"{site.name} has ended our access, and is called {len(self._refused)} times since {since}."
            )

    def answered(self, url: str, data: bytes | str | None, reply: Reply) -> None:
        """What a call was answered."""
        site = ending(self._box)
        if site is None or site.revoked_at is None or url != f"https://{site.address}{OFFICE}":
            return
        try:
            no = json.loads(reply.body).get("error") == NO
        except ValueError:
            # Half an answer, or a page for people, says nothing for good.
            no = False
        if not no:
            return
        actor = self._box.actors[-1]
        told = parse_qs(data.decode() if isinstance(data, bytes) else data or "")
        self._told_no.setdefault(actor.name, (actor, set()))[1].update(told.get("refresh_token", ()))

    def _heard_it(self, site: ShopifySite) -> None:
        """Who was refused with every token that is kept, and neither died nor lost his lease, has said so."""
        kept = {token for name in REFRESHING if (token := self._held.get(name))}
        for actor, tried in self._told_no.values():
            if actor.done and kept <= tried and not self._shut_out:
                raise Violation(f"{site.name} has ended our access, {actor.name} was told so, and did not note it.")

    def _read(self, site: ShopifySite) -> str:
        """Take notice of what is kept now; the store's health."""
        row = self._box.sql.execute(
            "SELECT credentials, health FROM stores WHERE id = ?", (self._box.ids.get(site.name, 0),)
        ).fetchone()
        if row is None or not row[0]:
            return ""
        if row[0] != self._sealed:
            self._sealed, self._held = row[0], self._sealer.open(row[0])
            self._kept.add(self._held["access_token"])
        return str(row[1])
