"""The web application for a WSGI server. Nothing is made at import: the server calls `make` once."""

from flask import Flask

from app import create_app, logs
from app.wiring import open_world
from backorder.config import load


def make() -> Flask:
    """The application over the settings of the environment."""
    logs.configure()
    return create_app(open_world(load()))
