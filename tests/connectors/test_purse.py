"""What a store allows: calls that do not fit wait, and what is known of the points stays right."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random

from connectors.purse import LocalPurses, Purse, Status, paid, settled, told
from demo.stores.shopify.bucket import Bucket

NOW = 1_800_000_000.0
TOLD = Status(left=500.0, size=1000.0, rate=50.0, price=200.0)


def known(left: float = 500.0) -> Purse:
    return told(Purse(), "", "Orders", Status(left, 1000.0, 50.0, 200.0), NOW)


def test_a_call_that_does_not_fit_says_when_it_will() -> None:
    purse, wait = paid(known(left=100.0), "a", "Orders", 0.0, NOW)
    assert (wait, purse.out) == (3.0, {})
    assert paid(purse, "a", "Orders", 0.0, NOW + 3.0)[1] == 0.0


def test_calls_on_their_way_count_before_the_store_tells_of_them() -> None:
    purse, first = paid(known(), "a", "Orders", 0.0, NOW)
    purse, second = paid(purse, "b", "Orders", 0.0, NOW)
    _, third = paid(purse, "c", "Orders", 0.0, NOW)
    assert (first, second, third) == (0.0, 0.0, 3.0)


def test_a_call_without_an_answer_has_cost_what_it_was_worth() -> None:
    purse, _ = paid(known(), "a", "Orders", 0.0, NOW)
    assert settled(purse, "a", NOW).points == 300.0


def test_a_call_of_which_nobody_hears_again_does_not_hold_its_points_for_ever() -> None:
    purse, _ = paid(known(), "a", "Orders", 0.0, NOW)
    later, _ = paid(purse, "b", "Orders", 0.0, NOW + 60)
    assert set(later.out) == {"b"}


def test_a_call_dearer_than_the_purse_leaves_when_all_is_there() -> None:
    purse = told(Purse(), "", "Orders", Status(1000.0, 1000.0, 50.0, 2000.0), NOW)
    assert paid(purse, "a", "Orders", 300.0, NOW)[1] == 0.0


def test_a_clock_that_goes_back_gives_no_points() -> None:
    purse, _ = paid(known(), "a", "Orders", 0.0, NOW - 3600)
    assert (purse.points, purse.at) == (500.0, NOW - 3600)


KINDS = {"Orders": (220, 150), "Stock": (110, 40), "Hold": (11, 11), "Tags": (10, 10)}
"""What is asked for before a call runs, and what it costs in the end."""


class House:
    """Workers that always have something to ask, on a clock of their own; an answer takes 0.1 to 0.8 s."""

    def __init__(self, workers: int, seed: int) -> None:
        self.now = 0.0
        self.sent = self.throttled = self.used = 0
        self._die = Random(seed)
        start = datetime.fromtimestamp(NOW, UTC)
        self._bucket = Bucket(lambda: start + timedelta(seconds=self.now), size=2000.0, rate=100.0)
        self._purses = LocalPurses()
        self._moves: list[tuple[float, int, str]] = [(0.0, worker, "") for worker in range(workers)]
        self._answers: dict[str, tuple[str, Status]] = {}

    def work(self, seconds: float) -> None:
        while self._moves[0][0] < seconds:
            self.now, worker, call = heappop(self._moves)
            if call:
                self._purses.change("a", self._told(call))
            self._ask(worker)

    def _told(self, call: str) -> Callable[[Purse], tuple[Purse, None]]:
        kind, status = self._answers.pop(call)
        return lambda purse: (told(purse, call, kind, status, NOW + self.now), None)

    def _ask(self, worker: int) -> None:
        call, kind = f"{worker}-{self.now}", self._die.choice(sorted(KINDS))
        wait = self._purses.change("a", lambda purse: paid(purse, call, kind, 0.0, NOW + self.now))
        if wait > 0:
            heappush(self._moves, (self.now + wait + self._die.random() * 0.2, worker, ""))
            return
        asked, cost = KINDS[kind]
        self.sent += 1
        if self._bucket.admits(asked):
            self._bucket.take(cost)
            self.used += cost
        else:
            self.throttled += 1
        self._answers[call] = kind, Status(self._bucket.status()["currentlyAvailable"], 2000.0, 100.0, float(asked))
        heappush(self._moves, (self.now + self._die.uniform(0.1, 0.8), worker, call))


def test_four_workers_use_nine_tenths_of_a_bucket_and_are_hardly_ever_throttled() -> None:
    house = House(workers=4, seed=7)
    house.work(3600)
    may = 3600 * 100 + 2000
    print(
        f"{house.sent} calls, {house.throttled / house.sent:.2%} throttled, {house.used / may:.1%} of the points used"
    )
    assert house.throttled < house.sent / 100
    assert house.used > 0.9 * may
