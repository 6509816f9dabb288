"""Access tokens of Shopify's API: how they are got, how long they live, how one that ends is exchanged for a new one.

All three grants ask one address for expiring tokens: an access token for an hour, and a refresh token for 90 days that
is replaced at each use. A used refresh token works again until its replacement was used, so a lost answer is asked for
once more, and the one before stays with us until the newer one has worked.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from pydantic import BaseModel, Field, ValidationError

from backorder.domain.errors import AccessLost, PermanentFailure, Rejected, StoreClosed, TemporaryFailure
from connectors.http import Reply
from connectors.joining import Credentials, Life, Wire

CLIENT_ID_SETTING = "WAITLINE_SHOPIFY_CLIENT_ID"
SECRETS_SETTING = "WAITLINE_SHOPIFY_CLIENT_SECRETS"

ACCESS_LIVES = timedelta(hours=1)
"""Where an answer with a refresh token does not say."""
REFRESH_LIVES = timedelta(days=90)

OPEN_ONCE = "Shopify has ended Waitline's access to this shop. Open the app once in the shop's admin."

_TOKEN_EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
    "expiring": "1",
}


@dataclass(frozen=True, slots=True)
class App:
    """The operator's app at Shopify. `secrets` are those that may have signed something, the newest first."""

    client_id: str
    secrets: tuple[str, ...]


def app_of(environ: Mapping[str, str]) -> App:
    """The app that the operator named. Raises PermanentFailure where its settings are missing."""
    client_id = environ.get(CLIENT_ID_SETTING, "").strip()
    secrets = tuple(part.strip() for part in environ.get(SECRETS_SETTING, "").split(",") if part.strip())
    if not client_id or not secrets:
        raise PermanentFailure(f"{CLIENT_ID_SETTING} and {SECRETS_SETTING} are needed for this, and one is not set.")
    return App(client_id, secrets)


def exchange(shop: str, session_token: str, wire: Wire) -> Credentials:
    """Credentials for a session token that was checked. Raises Rejected (401) where it is too old for Shopify."""
    grant = {**_TOKEN_EXCHANGE, "subject_token": session_token}
    return _credentials(_ask(shop, grant, wire, stale=("invalid_subject_token", "invalid_request")), wire)


def redeem(shop: str, code: str, wire: Wire) -> Credentials:
    """Credentials for the code that the merchant came back with. Raises Rejected where it was used or is too old."""
    return _credentials(
        _ask(shop, {"code": code, "expiring": "1"}, wire, stale=("invalid_grant", "invalid_request")), wire
    )


def refresh(shop: str, old: Credentials, wire: Wire) -> Credentials:
    """New credentials for old ones. Raises AccessLost where neither the refresh token nor the one before it works."""
    if life(old).until is None:
        raise AccessLost("Shopify no longer accepts this shop's token: connect the shop again.")
    tried = [token for name in ("refresh_token", "old_refresh_token") if (token := old.get(name))]
    for token in tried:
        try:
            answer = _ask(shop, {"grant_type": "refresh_token", "refresh_token": token}, wire, stale=("invalid_grant",))
        except StaleGrant:
            continue
        return {**_credentials(answer, wire), "old_refresh_token": token}
    raise AccessLost(OPEN_ONCE)


def life(credentials: Credentials) -> Life:
    """How long the tokens live; those of custom apps for ever."""
    ends, refresh_ends = credentials.get("expires_at"), credentials.get("refresh_expires_at")
    return Life(
        until=datetime.fromisoformat(ends) if ends else None,
        renewable_until=datetime.fromisoformat(refresh_ends) if refresh_ends else None,
    )


class StaleGrant(Rejected):
    """What was to be exchanged (a session token, a code, a refresh token) is used up, too old or not Shopify's."""

    status = 401


class _Answer(BaseModel):
    access_token: str = Field(min_length=1)
    scope: str = ""
    expires_in: float | None = None
    refresh_token: str | None = None
    refresh_token_expires_in: float | None = None


def _ask(shop: str, grant: Mapping[str, str], wire: Wire, *, stale: Collection[str]) -> _Answer:
    """Ask the shop for tokens. A repeat is safe, so an answer that never came is a TemporaryFailure. `stale` are the
    errors by which Shopify says that what was brought is of no use any more.
    """
    app = app_of(wire.environ)
    form = {"client_id": app.client_id, "client_secret": app.secrets[0], **grant}
    reply = wire.transport.request(
        "POST",
        f"https://{shop}/admin/oauth/access_token",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        data=urlencode(form),
        write=False,
    )
    if reply.status != 200:
        raise _refusal(reply, stale)
    try:
        return _Answer.model_validate(reply.json())
    except ValidationError:
        raise TemporaryFailure("Shopify answered without a token.", 60.0) from None


def _refusal(reply: Reply, stale: Collection[str]) -> StaleGrant | TemporaryFailure | PermanentFailure:
    """What an answer without tokens means."""
    if reply.status == 429 or reply.status >= 500:
        return TemporaryFailure(f"Shopify gives no token at the moment ({reply.status}).", reply.retry_after or 5.0)
    if reply.status in (402, 404, 423) or 300 <= reply.status < 400:
        return StoreClosed("Shopify gives no access to this shop: it is frozen, locked, moved or gone.")
    said = _error_of(reply)
    if said in stale:
        return StaleGrant("Shopify no longer takes what it was asked with: open the app again.")
    # A wrong client id or secret is the operator's to mend; the shops are asked again by themselves.
    return PermanentFailure(f"Shopify gives Waitline's app no token ({said or reply.status}): are its settings right?")


def _error_of(reply: Reply) -> str:
    try:
        answer = reply.json()
    except TemporaryFailure:
        # A page for people, not an answer: the status has to do.
        return ""
    return str(answer.get("error") or "")[:100] if isinstance(answer, dict) else ""


def _credentials(answer: _Answer, wire: Wire) -> Credentials:
    """What to seal. Expiry times are counted from now, by our own clock: the answer has no moment in it."""
    now = wire.clock()
    found = {"access_token": answer.access_token, "scope": answer.scope}
    if answer.refresh_token or answer.expires_in is not None:
        found["expires_at"] = (now + _lives(answer.expires_in, ACCESS_LIVES)).isoformat()
    if answer.refresh_token:
        found["refresh_token"] = answer.refresh_token
        found["refresh_expires_at"] = (now + _lives(answer.refresh_token_expires_in, REFRESH_LIVES)).isoformat()
    return found


def _lives(seconds: float | None, usual: timedelta) -> timedelta:
    """The length that the answer names; the usual one where it names none, or one that makes no sense."""
    if seconds is None or not 0 < seconds <= REFRESH_LIVES.total_seconds() * 4:
        return usual
    return timedelta(seconds=seconds)
