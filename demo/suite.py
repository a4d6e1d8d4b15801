"""Starts a suite of its own in a temporary folder and ends it again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

READY_WITHIN_S = 60


@dataclass(frozen=True)
class RunningSuite:
    """Where the suite answers, and the demo people's passwords by login."""

    address: str
    passwords: dict[str, str]
    process: subprocess.Popen[bytes]


class SuiteFailed(Exception):
    """The suite did not come up; the text is the end of its log."""


@contextmanager
def started_suite(clock: str, environment: Mapping[str, str] | None = None) -> Iterator[RunningSuite]:
    """A one-process demo suite whose business time starts at `clock`; it and its folder are gone afterwards."""
    with TemporaryDirectory(prefix="suite-demo-", ignore_cleanup_errors=True) as folder:
        suite = start_suite(Path(folder), clock, environment)
        try:
            yield suite
        finally:
            stop_suite(suite)


def start_suite(folder: Path, clock: str | None, environment: Mapping[str, str] | None = None) -> RunningSuite:
    """A demo suite on the data of a folder, ready to answer. Errors: `SuiteFailed`."""
    log, users = folder / "suite.log", folder / "demo-users.json"
    kept = folder / "kept-passwords.json"
    users.unlink(missing_ok=True)
    command = [sys.executable, "-m", "gateway.standalone", "--demo", "--port", "0", "--data-dir", str(folder)]
    command += ["--demo-users", str(users), *(["--clock", clock] if clock else [])]
    with log.open("a") as output:
        full = {**os.environ, **(environment or {})}
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, env=full)
    card = _ready(process, users, log)
    if card["passwords"]:
        kept.write_text(json.dumps(card["passwords"]))
    passwords = json.loads(kept.read_text())
    return RunningSuite(card["address"], passwords, process)


def _ready(process: subprocess.Popen[bytes], users: Path, log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if users.exists():
            card: dict[str, Any] = json.loads(users.read_text())
            if _answers(card["address"]):
                return card
        time.sleep(0.05)
    raise SuiteFailed("\n".join(log.read_text().splitlines()[-25:]))


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def stop_suite(suite: RunningSuite) -> None:
    """As Ctrl-C does; after twenty seconds less gently."""
    if suite.process.poll() is not None:
        return
    suite.process.send_signal(signal.SIGINT)
    try:
        suite.process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(suite.process.pid, signal.SIGKILL)
