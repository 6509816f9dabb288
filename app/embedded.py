"""The merchant's pages inside their store's own admin: the same pages behind another door, without any cookie.

`/embedded/<platform>/...` is the same application under another root: what comes in there is let in by the platform's
token, in the address of a page that the admin opens or with a call of the platform's script, and by nothing else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app import errors
from app.access import world
from backorder.db import stores
from backorder.domain.errors import PermanentFailure, Rejected
from backorder.domain.store import Health, Store
from connectors import PLATFORMS
from connectors.contract import Platform
from connectors.joining import Admitted, Embedding
from jobs.connect import admit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = "/embedded/"
FRAMED = "waitline.framed"
"""Where the request's environment keeps the platform whose admin frames the page."""

blueprint = Blueprint("embedded", __name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """In whose admin a page is shown. Without an address nobody may frame it."""

    embedding: Embedding
    address: str
    environ: Mapping[str, str]

    @property
    def head(self) -> Markup:
        """What the head of the page begins with; the connector made it safe."""
        return Markup(self.embedding.head(self.environ))

    def menu(self, pages: Sequence[tuple[str, str]]) -> Markup:
        """The pages for the admin's own navigation; the first of them is where the app begins."""
        (home, _), *others = pages
        return Markup(self.embedding.menu(home, others))

    @property
    def root(self) -> str:
        """The beginning of all addresses that are shown inside."""
        return f"{request.script_root}/"

    def policy(self) -> str:
        """The content policy of a page in this frame."""
        ancestors = self.embedding.frame_ancestors(self.address) if self.address else ("'none'",)
        own = {
            "default-src": ("'none'",),
            "script-src": ("'self'",),
            "style-src": ("'self'",),
            "font-src": ("'self'",),
            "img-src": ("'self'", "data:"),
            "connect-src": ("'self'",),
            "form-action": ("'self'",),
            "base-uri": ("'none'",),
            "frame-ancestors": tuple(ancestors),
        }
        parts = [" ".join([name, *own[name], *self.embedding.sources.get(name, ())]) for name in own]
        return "; ".join(parts)


def under_a_root(application: "WSGIApplication") -> "WSGIApplication":
    """The application, found also under the root of each platform that has pages inside its admin."""
    roots = {f"{ROOT}{platform.name}": platform.name for platform in PLATFORMS.values() if platform.embedding}

    def found(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        for root, name in roots.items():
            if path == root or path.startswith(f"{root}/"):
                moved = {
                    "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + root,
                    "PATH_INFO": path.removeprefix(root) or "/",
                    FRAMED: name,
                }
                return application({**environ, **moved}, start_response)
        return application(environ, start_response)

    return found


def is_framed(environ: Mapping[str, Any]) -> bool:
    """Whether a request came in under the root of a platform."""
    return FRAMED in environ


def let_in(pages: frozenset[str]) -> Callable[[], ResponseReturnValue | None]:
    """What lets framed requests in, to these blueprints and to what they are made of."""

    def look() -> ResponseReturnValue | None:
        name = request.environ.get(FRAMED)
        if name is None:
            return None
        platform = PLATFORMS[name]
        assert platform.embedding is not None
        address = platform.embedding.named(request.args)
        g.frame = Frame(platform.embedding, address, world().config.environ)
        if request.endpoint in ("static", "embedded.bounce"):
            return None
        if request.blueprint not in pages:
            abort(404)
        try:
            return _open(platform, platform.embedding)
        except PermanentFailure as error:
            return errors.answer(400, str(error))

    return look


def _open(platform: Platform, embedding: Embedding) -> ResponseReturnValue | None:
    token = _token(embedding)
    environ = world().config.environ
    try:
        if not token:
            raise Rejected("There is no token.")
        address = embedding.identify(token, environ)
        g.frame = Frame(embedding, address, environ)
        g.store = _store(platform, embedding, address, token)
    except Rejected:
        return _ask_again(embedding)
    return None


def _store(platform: Platform, embedding: Embedding, address: str, token: str) -> Store:
    """The store at a checked address; connected now where it is new, let in again where it had lost its access."""
    here = world()
    with here.database.read() as conn:
        known = stores.connected(conn, platform.name, address)
    if known is not None and known.health is not Health.ACCESS_LOST:
        return known
    return admit(here, platform.name, Admitted(address, embedding.credentials(address, token, here.wire)))


def _by_script() -> bool:
    """Whether a call of a script asks, which can be told to ask again."""
    return request.method != "GET" or "Authorization" in request.headers or "X-Requested-With" in request.headers


def _token(embedding: Embedding) -> str:
    """The token of a call; one in the address only opens pages."""
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if bearer and kind.lower() == "bearer":
        return bearer.strip()
    return "" if _by_script() else request.args.get(embedding.token, "")


def _ask_again(embedding: Embedding) -> ResponseReturnValue:
    """A script repeats its call with a fresh token; a page is opened again by way of the page that gets one."""
    if _by_script():
        response = errors.answer(401, "Your store's admin did not say who you are. Open the app there again.")
        response.headers.set(*embedding.retry)
        return response
    known = {name: value for name in embedding.opened_with if (value := request.args.get(name))}
    left_out = {embedding.token, embedding.reload}
    query = urlencode([pair for pair in request.args.items(multi=True) if pair[0] not in left_out])
    back = f"{_inside()}{request.path.lstrip('/')}{'?' if query else ''}{query}"
    return redirect(f"{url_for('embedded.bounce')}?{urlencode({**known, embedding.reload: back})}")


def _inside() -> str:
    return f"{world().config.public_url}{request.script_root}/"


@blueprint.get("/bounce")
def bounce() -> ResponseReturnValue:
    """A page with nothing on it but the platform's script, which goes on to one of our own pages with a fresh token.
    To no other address: the token would go with it.
    """
    frame: Frame | None = g.get("frame")
    if frame is None or not request.args.get(frame.embedding.reload, "").startswith(_inside()):
        abort(404)
    return render_template("bounce.html")


@blueprint.app_context_processor
def _about_the_frame() -> dict[str, object]:
    return {"frame": g.get("frame")}


def headers() -> dict[str, str]:
    """What a framed page's headers are in the place of those of other pages."""
    frame: Frame | None = g.get("frame")
    return {} if frame is None else {"Content-Security-Policy": frame.policy()}
