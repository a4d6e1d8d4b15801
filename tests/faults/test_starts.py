"""A start that cannot succeed says why in a sentence and does no harm to the suite that runs."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from demo.order_to_cash import START
from demo.suite import RunningSuite, start_suite, stop_suite


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    """A running suite."""
    folder = tmp_path_factory.mktemp("running")
    suite = start_suite(folder, START)
    yield suite
    stop_suite(suite)


def start(*arguments: str) -> str:
    """What a start that must fail says."""
    command = [sys.executable, "-m", "gateway.standalone", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def folder_of(suite: RunningSuite) -> str:
    arguments = suite.process.args
    assert isinstance(arguments, list)
    return str(arguments[arguments.index("--data-dir") + 1])


def assert_well(suite: RunningSuite) -> None:
    assert suite.process.poll() is None
    assert httpx.get(f"{suite.address}/readyz", timeout=10).status_code == 200
    body = {"login": "market", "password": suite.passwords["market"]}
    assert httpx.post(f"{suite.address}/api/v1/auth/login", json=body, timeout=10).status_code == 200


def test_a_second_suite_on_the_same_data_is_refused(suite: RunningSuite) -> None:
    said = start("--port", "0", "--data-dir", folder_of(suite))
    assert f"process {suite.process.pid} runs on {folder_of(suite)}" in said
    assert_well(suite)


def test_a_taken_port_is_named_before_a_database_is_made(suite: RunningSuite, tmp_path: Path) -> None:
    port = urlsplit(suite.address).port
    said = start("--port", str(port), "--data-dir", str(tmp_path))
    assert f"port {port} of 127.0.0.1 is taken" in said
    assert list(tmp_path.glob("postgres-*")) == []
    assert_well(suite)


def test_a_demo_is_for_this_machine_only() -> None:
    command = [sys.executable, "-m", "gateway.standalone", "--demo", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--demo only on loopback" in done.stderr
