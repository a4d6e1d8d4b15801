"""The whole suite, killed at every named crash point and restarted: nothing lost, order kept, effects once, money conserved."""

import os
import signal
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from shared.messaging.crash_points import POINTS

from demo.order_to_cash import START
from demo.suite import RunningSuite, SuiteFailed, start_suite, stop_suite

ORDERS = 6


class Client:
    """The ERP and a subscriber, who try again as long as the suite is away."""

    def __init__(self, suite: RunningSuite) -> None:
        self.suite = suite
        self.market = self._login("market")
        self.subscriber = self._login("subscriber")
        self.finance = self._login("finance")

    def _login(self, login: str) -> dict[str, str]:
        body = {"login": login, "password": self.suite.passwords[login]}
        return {
            "Authorization": f"Bearer {httpx.post(f'{self.suite.address}/api/v1/auth/login', json=body).json()['access_token']}"
        }

    def send(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx.Response | None:
        """None when the suite died on it."""
        try:
            return httpx.request(method, f"{self.suite.address}/api/v1{path}", json=body, headers=headers, timeout=20)
        except httpx.TransportError:
            return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data of one suite."""
    tmp_path.chmod(0o755)
    return tmp_path


def customer_body() -> dict[str, str]:
    number = uuid4().int % 10**8
    return {
        "name": f"客户{number}",
        "phone": f"137{number:08d}",
        "address": "深圳市",
        "category": "x",
        "type": "dealer",
        "legal_form": "company",
    }


def restarted(folder: Path, suite: RunningSuite) -> RunningSuite:
    """The dead suite again, on the same data, without the crash point."""
    deadline = time.monotonic() + 20
    while suite.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if suite.process.poll() is None:
        os.killpg(suite.process.pid, signal.SIGKILL)
        suite.process.wait()
    return start_suite(folder, None)


def feed(client: Client) -> list[dict[str, Any]]:
    """Every event, page by page."""
    items: list[dict[str, Any]] = []
    while True:
        after = items[-1]["position"] if items else 0
        answer = client.send("GET", f"/events?after={after}&limit=200", client.subscriber)
        assert answer is not None
        page = answer.json()["items"]
        items += page
        if len(page) < 200:
            return items


def settled_feed(client: Client, wanted: set[str]) -> list[dict[str, Any]]:
    """Wait until the feed tells of every wanted customer."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        items = feed(client)
        if wanted <= {item["aggid"] for item in items if item["type"] == "credit.customer.created.v1"}:
            return items
        time.sleep(0.2)
    raise AssertionError("events are missing")


def assert_contiguous(items: list[dict[str, Any]]) -> None:
    """Each aggregate's events are there once, in order, without a gap."""
    seen: dict[tuple[str, str], list[int]] = {}
    for item in items:
        seen.setdefault((item["aggtype"], item["aggid"]), []).append(item["aggseq"])
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in seen.values())
    assert len({item["id"] for item in items}) == len(items)
    assert [item["position"] for item in items] == list(range(1, len(items) + 1))


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(point: str, folder: Path) -> None:
    """G-04: every accepted command is in the database, every event arrives in order, every effect is there once."""
    stop_suite(start_suite(folder, START))
    try:
        suite = start_suite(folder, None, {"SUITE_CRASH_AT": point})
    except SuiteFailed:
        suite = start_suite(folder, None)
    accepted: set[str] = set()
    try:
        client = Client(suite)
    except (httpx.TransportError, KeyError):
        suite = restarted(folder, suite)
        client = Client(suite)
    for number in range(ORDERS):
        body, key = customer_body(), {"Idempotency-Key": f"{point}-{number}"}
        answer = client.send("POST", "/customers", client.market | key, body)
        while answer is None or answer.status_code >= 500 or answer.status_code == 401:
            suite = restarted(folder, suite)
            client = Client(suite)
            answer = client.send("POST", "/customers", client.market | key, body)
        assert answer.status_code == 201, answer.text
        accepted.add(answer.json()["id"])
    suite = restarted(folder, suite) if suite.process.poll() is not None else suite
    client = Client(suite)
    try:
        assert len(accepted) == ORDERS, "a repeated command gives the first answer, not a second customer"
        listed = client.send("GET", "/customers?limit=200", client.market)
        assert listed is not None
        assert {one["id"] for one in listed.json()["items"]} == accepted
        assert_contiguous(settled_feed(client, accepted))
    finally:
        stop_suite(suite)


def test_kill_nine_of_everything(folder: Path) -> None:
    """Accept: state survives `kill -9` of everything, the database server included; it starts again by itself."""
    suite = start_suite(folder, START)
    client = Client(suite)
    answer = client.send("POST", "/customers", client.market, customer_body())
    assert answer is not None
    made = answer.json()["id"]
    os.killpg(suite.process.pid, signal.SIGKILL)
    suite.process.wait()
    _kill_postgres(folder)
    again = start_suite(folder, None)
    client = Client(again)
    try:
        read = client.send("GET", f"/customers/{made}", client.market)
        assert read is not None
        assert read.status_code == 200
        assert_contiguous(settled_feed(client, {made}))
    finally:
        stop_suite(again)


def _kill_postgres(folder: Path) -> None:
    (pid_file,) = folder.rglob("postmaster.pid") if list(folder.rglob("postmaster.pid")) else _private(folder)
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)


def _private(folder: Path) -> list[Path]:
    """Where the database lies when its user cannot reach our folder."""
    import hashlib

    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10]
    return list(Path("/var/tmp", f"suite-{name}").rglob("postmaster.pid"))


def test_ctrl_c_leaves_no_process(folder: Path) -> None:
    """Accept: Ctrl-C ends it cleanly."""
    suite = start_suite(folder, START)
    stop_suite(suite)
    assert suite.process.returncode in {0, -signal.SIGINT, 130}
    assert [*folder.rglob("postmaster.pid"), *_private(folder)] == []
