"""A TCP proxy on loopback: what can go wrong on the wire between Waitline and a store or a mail server."""

import random
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from demo.mailbox import HOST

CHUNK = 65536
END_OF_HEADERS = b"\r\n\r\n"
CALL_SECONDS = 5.0
"""How long either end may take with a piece that is ready for it."""
SLOW_SECONDS = 2.0
"""By how much a call that arrives late is late."""
LOOK_SECONDS = 0.2
"""How soon a connection notices that the proxy is being closed."""


class Trouble(StrEnum):
    """What happens to a call that passes through."""

    NONE = "none"
    REFUSED = "refused"
    """The connection is reset before anything was said."""
    LOST_REQUEST = "lost request"
    """The caller sent it and it never arrives; the connection is reset."""
    LOST_ANSWER = "lost answer"
    """It arrives and is done; the answer is thrown away and the connection reset."""
    CUT_ANSWER = "cut answer"
    """It arrives and is done; the answer ends in its middle, behind the headers."""
    CUT_AFTER_ANSWER = "cut after answer"
    """It arrives and is done, the answer (of one piece) comes, and then the connection is reset."""
    SLOW = "slow"
    """It arrives late."""
    DRIP = "drip"
    """It is done and the answer comes byte by byte, until the caller has had enough."""


NO_ANSWER = (Trouble.REFUSED, Trouble.LOST_REQUEST, Trouble.LOST_ANSWER, Trouble.CUT_ANSWER, Trouble.DRIP)
"""After these a caller cannot know whether its call was done."""


class Proxy:
    """Passes connections on from entering to leaving. With a `marker`, only what is sent with these bytes at its end
    counts as a call (the final dot of a mail); without, whatever comes after an answer does.
    """

    def __init__(
        self, target: int, *, marker: bytes = b"", port: int = 0, seed: int = 0, slow_seconds: float = SLOW_SECONDS
    ):
        self._target = target
        self._marker = marker
        self._slow_seconds = slow_seconds
        self._listener = socket.create_server((HOST, port))
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._trouble = Trouble.NONE
        self._share = 0.0
        self._threads: list[threading.Thread] = []
        self.struck: Counter[Trouble] = Counter()
        """How many calls met each trouble."""
        self.longest = 0.0
        """The seconds of the call that kept its caller longest, until its answer was there or the caller gave up."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    @contextmanager
    def troubled(self, trouble: Trouble, share: float = 1.0) -> Iterator[None]:
        """From entering to leaving, this share of the calls meets the trouble."""
        with self._lock:
            self._trouble, self._share = trouble, share
        try:
            yield
        finally:
            with self._lock:
                self._trouble, self._share = Trouble.NONE, 0.0

    def _draw(self) -> Trouble:
        with self._lock:
            if self._trouble is Trouble.NONE or self._random.random() >= self._share:
                return Trouble.NONE
            self.struck[self._trouble] += 1
            return self._trouble

    def __enter__(self) -> "Proxy":
        self._start(self._accept)
        return self

    def __exit__(self, *what: object) -> None:
        self.close()

    def close(self) -> None:
        """End every connection, and listen no more."""
        self._over.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        self._listener.close()

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        with self._lock:
            self._threads = [known for known in self._threads if known.is_alive()]
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            if select.select([self._listener], [], [], LOOK_SECONDS)[0]:
                client, _ = self._listener.accept()
                self._start(self._connection, client)

    def _connection(self, client: socket.socket) -> None:
        try:
            if not self._marker and self._trouble is Trouble.REFUSED and self._draw() is Trouble.REFUSED:
                return
            with socket.create_connection((HOST, self._target), 5) as server:
                server.settimeout(CALL_SECONDS)
                client.settimeout(CALL_SECONDS)
                self._carry(client, server)
        except OSError:
            # Either end may be killed at any moment: that is what this is for.
            return
        finally:
            _reset(client)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        """Carry bytes both ways until one end or a trouble ends it."""
        trouble = Trouble.NONE
        answered = True
        began = time.monotonic()
        while not self._over.is_set():
            ready = select.select([client, server], [], [], LOOK_SECONDS)[0]
            if client in ready:
                data = client.recv(CHUNK)
                if not data:
                    if not answered:
                        self._took(began)
                    return
                if answered:
                    began = time.monotonic()
                if data.endswith(self._marker) if self._marker else answered:
                    trouble = self._draw()
                answered = False
                if trouble in (Trouble.REFUSED, Trouble.LOST_REQUEST):
                    return
                if trouble is Trouble.SLOW:
                    self._over.wait(self._slow_seconds)
                server.sendall(data)
            if server in ready:
                data = server.recv(CHUNK)
                if not data:
                    # What is still on its way to the client must not be overtaken by a reset.
                    client.shutdown(socket.SHUT_WR)
                    client.recv(CHUNK)
                    return
                answered = True
                goes_on = self._answer(client, data, trouble)
                self._took(began)
                if not goes_on:
                    return

    def _took(self, began: float) -> None:
        with self._lock:
            self.longest = max(self.longest, time.monotonic() - began)

    def _answer(self, client: socket.socket, data: bytes, trouble: Trouble) -> bool:
        """Pass an answer on; whether the connection goes on."""
        if trouble is Trouble.LOST_ANSWER:
            return False
        if trouble is Trouble.CUT_ANSWER and not data.endswith(END_OF_HEADERS):
            client.sendall(data[: len(data) // 2])
            client.shutdown(socket.SHUT_WR)
            client.recv(CHUNK)
            return False
        if trouble is Trouble.DRIP:
            for at in range(len(data)):
                try:
                    client.sendall(data[at : at + 1])
                except OSError:
                    # The caller has had enough.
                    return False
                if self._over.wait(0.5):
                    return False
            return True
        client.sendall(data)
        if trouble is Trouble.CUT_AFTER_ANSWER:
            self._over.wait(0.05)
            return False
        return True


def _reset(connection: socket.socket) -> None:
    """End a connection with a reset instead of a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
