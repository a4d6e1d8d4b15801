"""What all tests share; the end of the run says which servers it used and where it found them."""

import pytest
from shared.testing.fixtures import *  # noqa: F403
from shared.testing.fixtures import USED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which servers this run used."""
    for name, where in USED.items():
        terminalreporter.write_line(f"{name}: {where}")
