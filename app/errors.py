"""Errors as people and programs see them: a page in the house style, or a problem document (RFC 9457). No traces."""

import json
from http import HTTPStatus

import structlog
from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from backorder.db.session import StorageError
from backorder.domain.errors import Rejected, TemporaryFailure, WaitlineError

SENTENCES = {
    401: "You have to sign in first.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    405: "This address cannot be used that way.",
    413: "What you sent is too large.",
    415: "What you sent is of a kind that is not taken here.",
    500: "Something went wrong on our side. It has been noted.",
    503: "This does not work at the moment. Try again in a minute.",
}


log = structlog.get_logger()


def register(app: Flask) -> None:
    """Answer every error of the application."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Rejected, _rejected)
    app.register_error_handler(WaitlineError, _trouble)
    app.register_error_handler(StorageError, _storage)


def problem(status: int, sentence: str) -> Response:
    """A problem document: what kind of problem by its status, and this one in a sentence."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": sentence}
    return Response(json.dumps(document), status, content_type="application/problem+json")


def answer(status: int, sentence: str) -> Response:
    """The error in the form that whoever asked can read."""
    if request.path.startswith("/webhooks/"):
        return Response(status=status)
    if request.path.startswith("/api/"):
        return problem(status, sentence)
    return make_response(render_template("error.html", status=status, sentence=sentence), status)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    sentence = SENTENCES.get(status, f"{HTTPStatus(status).phrase}.")
    if status in (403, 422) and error.description != type(error).description:
        sentence = error.description or sentence
    response = answer(status, sentence)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _rejected(error: Rejected) -> Response:
    return answer(error.status, str(error))


def _trouble(error: WaitlineError) -> Response:
    log.error("request failed", path_of=request.endpoint, error=type(error).__name__, reason=str(error))
    status = 503 if isinstance(error, TemporaryFailure) else 500
    return answer(status, SENTENCES[status])


def _storage(error: Exception) -> Response:
    log.error("database failed", path_of=request.endpoint, error=type(error).__name__)
    return answer(503, SENTENCES[503])
