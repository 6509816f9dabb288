"""The stand-in's office for access: the page that asks the merchant, the three grants, and tokens that end.

Refresh tokens rotate as Shopify's do: one that was used works again until its replacement was used.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

ACCESS_LIVES = timedelta(hours=1)
REFRESH_LIVES = timedelta(days=90)
CODE_LIVES = timedelta(minutes=10)

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass
class Refresh:
    """A refresh token: until when it works, which ones it was replaced by, and whether one of these was used."""

    until: datetime
    replacements: list[str] = field(default_factory=list)


@dataclass
class Office:
    """Who may call the Admin API of a shop. `token` is a custom app's: it never ends."""

    domain: str
    token: str
    client_id: str
    secret: str
    clock: Callable[[], datetime]
    scopes: list[str]
    """What the merchant allowed."""
    expiring: bool = True
    """Whether answers say when the token ends."""
    shows_consent: bool = False
    """Whether the merchant is asked on a page; otherwise they say yes at once."""
    open_tokens: dict[str, datetime] = field(default_factory=dict)
    refresh_tokens: dict[str, Refresh] = field(default_factory=dict)
    codes: dict[str, datetime] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)
    """Every grant that was asked for, in turn, by its type."""

    def admits(self, token: str | None) -> bool:
        """Whether a call with this token is let in now."""
        if token and token == self.token:
            return True
        until = self.open_tokens.get(token or "")
        return until is not None and until > self.clock()

    def give(self, token: str) -> None:
        """From now on this token lets a custom app in; an empty one lets nobody in, whatever was given before."""
        self.token = token
        if not token:
            self.revoke()

    def revoke(self) -> None:
        """The merchant removed the app, or Shopify ended its access: every token is void."""
        self.open_tokens.clear()
        self.refresh_tokens.clear()

    def id_token(self, now: datetime, user: str = "42", **claims: Any) -> str:
        """What the admin hands to an embedded page; `now` is the time of the machine that will check it."""
        at = int(now.timestamp())
        told = {
            "iss": f"https://{self.domain}/admin",
            "dest": f"https://{self.domain}",
            "aud": self.client_id,
            "sub": user,
            "exp": at + 60,
            "nbf": at,
            "iat": at,
            "jti": hashlib.sha256(f"{user}-{at}".encode()).hexdigest()[:32],
            "sid": "a session",
            **claims,
        }
        return jwt.encode(told, self.secret, algorithm="HS256")

    def signed(self, params: Mapping[str, str]) -> dict[str, str]:
        """Parameters of an address as Shopify signs them."""
        text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        return {**params, "hmac": hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()}

    def blueprint(self) -> Blueprint:
        """The routes under /admin."""
        found = Blueprint("oauth", __name__)
        found.add_url_rule("/admin/oauth/access_token", "access_token", self._access_token, methods=["POST"])
        found.add_url_rule("/admin/oauth/authorize", "authorize", self._authorize)
        found.add_url_rule("/admin/apps/<path:page>", "frame", self._frame)
        return found

    def _authorize(self) -> ResponseReturnValue:
        """The merchant says yes: at once, or on a page that shows what is asked for."""
        asked = request.args
        if asked.get("client_id") != self.client_id or not asked.get("redirect_uri"):
            return "Oauth error invalid_request: The app is not known.", 400
        if self.shows_consent and "yes" not in asked:
            yes = f"{request.path}?{urlencode({**asked, 'yes': '1'})}"
            scopes = sorted(asked.get("scope", "").split(","))
            return render_template("consent.html", shop=self.domain, scopes=scopes, yes=yes)
        code = self._new("code")
        self.codes[code] = self.clock() + CODE_LIVES
        back = {
            "code": code,
            "host": "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvbGFi",
            "shop": self.domain,
            "state": asked.get("state", ""),
            "timestamp": str(int(self.clock().timestamp())),
        }
        return redirect(f"{asked['redirect_uri']}?{urlencode(self.signed(back))}")

    def _frame(self, page: str) -> str:
        """The admin with an app's page in a frame, opened with a token as the admin does it."""
        token = self.id_token(datetime.now(UTC))
        query = urlencode({"shop": self.domain, "embedded": "1", "id_token": token})
        return render_template("frame.html", source=f"{request.args['at']}/{page}?{query}", shop=self.domain)

    def _access_token(self) -> ResponseReturnValue:
        asked = request.form.to_dict()
        kind = asked.get("grant_type", "authorization_code")
        self.grants.append(kind)
        if asked.get("client_id") != self.client_id or asked.get("client_secret") != self.secret:
            return _refused("invalid_client")
        if kind == TOKEN_EXCHANGE:
            return self._exchanged(asked)
        if kind == "refresh_token":
            return self._refreshed(asked.get("refresh_token", ""))
        until = self.codes.pop(asked.get("code", ""), None)
        if until is None or until <= self.clock():
            return _refused("invalid_request")
        return self._granted(asked)

    def _exchanged(self, asked: Mapping[str, str]) -> ResponseReturnValue:
        try:
            jwt.decode(asked.get("subject_token", ""), self.secret, algorithms=["HS256"], audience=self.client_id)
        except jwt.PyJWTError:
            return _refused("invalid_subject_token")
        return self._granted(asked)

    def _refreshed(self, token: str) -> ResponseReturnValue:
        found = self.refresh_tokens.get(token)
        if found is None or found.until <= self.clock():
            return _refused("invalid_grant")
        # Whoever uses a replacement has it: the tokens before it are of no use any more.
        for name, other in list(self.refresh_tokens.items()):
            if token in other.replacements:
                del self.refresh_tokens[name]
        self.open_tokens.clear()
        made = self._granted({"expiring": "1"})
        found.replacements.append(list(self.refresh_tokens)[-1])
        return made

    def _granted(self, asked: Mapping[str, str]) -> Response:
        answer: dict[str, Any] = {"access_token": self._new("shpat"), "scope": ",".join(self.scopes)}
        if asked.get("expiring") != "1":
            self.open_tokens[answer["access_token"]] = self.clock() + timedelta(days=36500)
            return jsonify(answer)
        refresh = self._new("shprt")
        self.open_tokens[answer["access_token"]] = self.clock() + ACCESS_LIVES
        self.refresh_tokens[refresh] = Refresh(self.clock() + REFRESH_LIVES)
        answer["refresh_token"] = refresh
        if self.expiring:
            answer["expires_in"] = int(ACCESS_LIVES.total_seconds())
            answer["refresh_token_expires_in"] = int(REFRESH_LIVES.total_seconds())
        return jsonify(answer)

    def _new(self, kind: str) -> str:
        """A word that was not given out before; the same in a repeat of the same story."""
        count = len(self.open_tokens) + len(self.refresh_tokens) + len(self.codes) + len(self.grants)
        text = f"{self.domain} {self.secret} {kind} {count} {self.clock().isoformat()}"
        return f"{kind}_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _refused(error: str) -> ResponseReturnValue:
    return jsonify({"error": error, "error_description": "The stand-in refuses it as Shopify does."}), 400
