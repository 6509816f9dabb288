"""How gunicorn runs the web process, whoever starts it: `gunicorn -c python:app.gunicorn_conf "app.wsgi:make()"`."""

import os
import signal
from typing import Protocol

from app.embedded_redis import die_with
from backorder.config import load

_config = load()

bind = f"[{_config.host}]:{_config.port}" if ":" in _config.host else f"{_config.host}:{_config.port}"
worker_class = "gthread"
_one_writer = _config.database_url.get_secret_value().startswith("sqlite:")
workers = int(os.environ.get("WEB_CONCURRENCY") or (1 if _one_writer else 2))
threads = 8 if _one_writer else 4
"""SQLite lets one write at a time: the threads of one process queue for that in memory and share a commit, several
processes wait for each other in sleeps.
"""
preload_app = True
"""The application is imported once and shared; it opens its connections with the first request, after the fork."""
umask = 0o077
timeout = 30
graceful_timeout = 6
"""Under what the launcher waits for: a request in flight is answered before the process is ended."""
keepalive = 5
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
loglevel = "warning"
errorlog = "-"
accesslog = None
"""No log of requests: addresses and tokens stand in them."""
control_socket_disable = True
"""Its socket lies in the home folder and would be shared by every gunicorn of the user."""


class Forked(Protocol):
    """What is needed of a worker here; gunicorn tells no types."""

    ppid: int


def on_starting(server: object) -> None:
    """In the server, before the first worker: a signal to stop that meets a new worker ends it. Gunicorn would let
    the worker queue it like its server does, where nobody looks, and end it after the graceful timeout only.
    """
    del server
    stop = {signal.SIGTERM}

    def in_child() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stop)

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, stop),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, stop),
        after_in_child=in_child,
    )


def post_fork(server: object, worker: Forked) -> None:
    """In a new worker: it goes with its server."""
    del server
    die_with(worker.ppid)
