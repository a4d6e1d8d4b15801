"""Starts a suite of its own in a temporary folder and ends it again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

READY_WITHIN_S = 60


@dataclass(frozen=True)
class RunningSuite:
    """Where the suite answers, and the demo people's passwords by login."""

    address: str
    passwords: dict[str, str]


class SuiteFailed(Exception):
    """The suite did not come up; the text is the end of its log."""


@contextmanager
def started_suite(clock: str) -> Iterator[RunningSuite]:
    """A one-process demo suite whose business time starts at `clock`; it and its folder are gone afterwards."""
    with TemporaryDirectory(prefix="suite-demo-", ignore_cleanup_errors=True) as folder:
        log = Path(folder, "suite.log")
        users = Path(folder, "demo-users.json")
        with log.open("w") as output:
            command = [sys.executable, "-m", "gateway.standalone", "--demo", "--port", "0"]
            command += ["--data-dir", folder, "--clock", clock, "--demo-users", str(users)]
            process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            yield _ready(process, users, log)
        finally:
            _stop(process)


def _ready(process: subprocess.Popen[bytes], users: Path, log: Path) -> RunningSuite:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if users.exists():
            card = json.loads(users.read_text())
            if _answers(card["address"]):
                return RunningSuite(card["address"], card["passwords"])
        time.sleep(0.1)
    raise SuiteFailed("\n".join(log.read_text().splitlines()[-25:]))


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
