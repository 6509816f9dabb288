"""`make bench-webhooks`: what a stored webhook costs, beside an empty view on the same server.

gunicorn as configured, SQLite with every commit on the disk, the queue server of `waitline up`, no workers. The load
comes from this machine over loopback, bounded in count and in time. CPU is that of the server's processes only, so it
says more than the rate, which the load generator lowers. Linux only.

REQUESTS (20000) and SECONDS (10) bound each view; CONNECTIONS (16) are open at once. Exits 1 when an answer was not
200, or when the database does not hold exactly what was answered 200.
"""

import base64
import hashlib
import hmac
import json
import multiprocessing
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response, request
from pydantic import SecretStr

from app.embedded_redis import EmbeddedRedis
from app.wiring import open_world
from backorder.config import Config
from backorder.db import stores
from backorder.db.session import migrate
from backorder.db.stores import NewStore

SAMPLE = Path(__file__).parent.parent / "connectors/woocommerce/samples/order.updated__three_lines_one_unmanaged.body"
SECRET = "a secret of the benchmark"
REQUESTS = int(os.environ.get("REQUESTS") or 20000)
SECONDS = float(os.environ.get("SECONDS") or 10)
CONNECTIONS = int(os.environ.get("CONNECTIONS") or 16)
GENERATORS = 2
"""Processes that make load, so that one interpreter's lock is not what is measured."""
WARM_UP = 200


@dataclass(frozen=True, slots=True)
class Result:
    """What one view did. Times are in milliseconds, CPU in microseconds per request."""

    view: str
    requests: int
    refused: int
    per_second: float
    p50: float
    p99: float
    cpu: float


def empty() -> Flask:
    """An application that reads the body and answers, for comparison."""
    app = Flask(__name__)

    @app.post("/<path:path>")
    def nothing(path: str) -> Response:
        del path
        request.get_data(cache=False)
        return Response(status=200)

    return app


@contextmanager
def serving(application: str, port: int, environ: dict[str, str]) -> Iterator[int]:
    """gunicorn with this application, as configured; its process id."""
    command = [sys.executable, "-m", "gunicorn", "--config", "python:app.gunicorn_conf", application]
    server = subprocess.Popen(command, env={**os.environ, **environ}, stdin=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit("The server did not start.")
        yield server.pid
    finally:
        server.terminate()
        server.wait(30)


def cpu_seconds(parent: int) -> float:
    """CPU time of a process and its children so far."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.name) == parent or int(fields[1]) == parent:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def send(port: int, path: str, body: bytes, count: int, seconds: float) -> list[tuple[int, float]]:
    """Post `count` deliveries over one connection, one after the other: status and seconds of each."""
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-WC-Webhook-ID: 1\r\nX-WC-Webhook-Topic: order.updated\r\n"
        f"X-WC-Webhook-Signature: {signature}\r\nX-WC-Webhook-Delivery-ID: "
    )
    answers: list[tuple[int, float]] = []
    end = time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while len(answers) < count and time.monotonic() < end:
            message = f"{head}{secrets.token_hex(16)}\r\n\r\n".encode() + body
            began = time.perf_counter()
            connection.sendall(message)
            answer = b""
            while b"\r\n\r\n" not in answer:
                part = connection.recv(4096)
                if not part:
                    raise SystemExit("The server closed a connection.")
                answer += part
            answers.append((int(answer[9:12]), time.perf_counter() - began))
    return answers


def generate(port: int, path: str, body: bytes, count: int, seconds: float) -> list[tuple[int, float]]:
    """The share of one generator process: several connections, a thread each."""
    threads = CONNECTIONS // GENERATORS
    found: list[list[tuple[int, float]]] = [[] for _ in range(threads)]

    def work(place: int) -> None:
        found[place] = send(port, path, body, count // threads, seconds)

    running = [threading.Thread(target=work, args=(place,)) for place in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return [answer for answers in found for answer in answers]


def measure(view: str, port: int, server: int, path: str) -> tuple[Result, int]:
    """Load the view; the result, and how many deliveries were answered 200 in all."""
    body = SAMPLE.read_bytes()
    warm = send(port, path, body, WARM_UP, SECONDS)
    with multiprocessing.get_context("spawn").Pool(GENERATORS) as pool:
        pool.starmap(time.sleep, [(0.5,)] * GENERATORS)
        cpu, began = cpu_seconds(server), time.perf_counter()
        shares = pool.starmap(generate, [(port, path, body, REQUESTS // GENERATORS, SECONDS)] * GENERATORS)
        seconds, used = time.perf_counter() - began, cpu_seconds(server) - cpu
    answers = [answer for share in shares for answer in share]
    times = sorted(1000 * taken for _, taken in answers)
    good = sum(status == 200 for status, _ in answers)
    result = Result(
        view=view,
        requests=len(answers),
        refused=len(answers) - good,
        per_second=round(len(answers) / seconds),
        p50=round(times[len(times) // 2], 1),
        p99=round(times[len(times) * 99 // 100], 1),
        cpu=round(1e6 * used / len(answers)),
    )
    return result, good + sum(status == 200 for status, _ in warm)


def connect_store(config: Config) -> str:
    """A store in the database; the path at which its webhooks arrive."""
    migrate(config.database_url.get_secret_value())
    world = open_world(config)
    token = secrets.token_urlsafe(32)
    new = NewStore(
        platform="woocommerce",
        address="shop.example",
        name="Benchmark",
        currency="EUR",
        timezone="UTC",
        credentials=world.sealer.seal({"webhook_secret": SECRET}),
        webhook_token=token,
    )
    with world.database.write() as conn:
        stores.connect(conn, new, datetime.now(UTC))
    world.database.close()
    return f"/webhooks/woocommerce/{token}/order.updated"


def main() -> int:
    """Measure both views, print a table and a line of JSON."""
    with tempfile.TemporaryDirectory(prefix="waitline-bench-") as folder, EmbeddedRedis(Path(folder) / "r") as redis:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        key = secrets.token_urlsafe(32)
        config = Config(data_dir=Path(folder), port=port, secret_keys=(SecretStr(key),))
        environ = {
            "WAITLINE_DATA_DIR": folder,
            "WAITLINE_PORT": str(port),
            "WAITLINE_SECRET_KEYS": key,
            "WAITLINE_DATABASE_URL": config.database_url.get_secret_value(),
            "WAITLINE_REDIS_URL": redis.url,
        }
        path = connect_store(config)
        with serving("benchmarks.webhooks:empty()", port, environ) as server:
            bare, _ = measure("empty view", port, server, path)
        with serving("app.wsgi:make()", port, environ) as server:
            kept, accepted = measure("stored webhook", port, server, path)
        with sqlite3.connect(Path(folder) / "waitline.sqlite3") as database:
            stored = database.execute("SELECT count(*) FROM deliveries").fetchone()[0]
        database.close()
    print(f"{'view':16}{'requests':>10}{'not 200':>9}{'per s':>8}{'p50 ms':>8}{'p99 ms':>8}{'CPU us':>8}")
    for result in (bare, kept):
        print(
            f"{result.view:16}{result.requests:>10}{result.refused:>9}{result.per_second:>8}"
            f"{result.p50:>8}{result.p99:>8}{result.cpu:>8}"
        )
    ratio = round(kept.cpu / bare.cpu, 2)
    print(
        f"A stored webhook costs {ratio} times the CPU of an empty view; {stored} rows for {accepted} answers of 200."
    )
    print(
        json.dumps(
            {
                "webhooks_per_second": kept.per_second,
                "p50_ms": kept.p50,
                "p99_ms": kept.p99,
                "cpu_us": kept.cpu,
                "empty_cpu_us": bare.cpu,
                "cpu_ratio": ratio,
                "answered_200": accepted,
                "stored": stored,
            }
        )
    )
    return 0 if stored == accepted and not kept.refused and not bare.refused else 1


if __name__ == "__main__":
    sys.exit(main())
