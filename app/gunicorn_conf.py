"""How gunicorn runs the web process, whoever starts it: `gunicorn -c python:app.gunicorn_conf "app.wsgi:make()"`."""

import os

from backorder.config import load

_config = load()

bind = f"[{_config.host}]:{_config.port}" if ":" in _config.host else f"{_config.host}:{_config.port}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
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
