"""Every import contract catches a violation that is planted for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared", "gateway", "credit-service", "collection-service")
PLANTED = {
    "credit-service: imports point down": ("credit-service/src/credit_service/storage/holds.py", "import credit_service.use_cases.settle_none"),
    "collection-service: imports point down": ("collection-service/src/collection_service/storage/cases.py", "import collection_service.consumers"),
    "services never import each other": ("credit-service/src/credit_service/jobs.py", "import collection_service.domain.stage"),
    "services never import the gateway": ("collection-service/src/collection_service/jobs.py", "import gateway.domain.roles"),
    "shared is called and never calls": ("shared/src/shared/web/health.py", "import credit_service.domain.policy"),
    "domain code imports shared.values and nothing else of the house": (
        "credit-service/src/credit_service/domain/hold.py", "import shared.records.work"),
    "the rooms of shared stand on each other, never in a circle": ("shared/src/shared/values/money.py", "import shared.clock"),
    "the gateway: standalone and start above all, domain below": ("gateway/src/gateway/domain/roles.py", "import gateway.api.auth"),
}  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources and of the contracts."""
    folder = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(ROOT / package / "src", folder / package / "src")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> str:
    path = ":".join(str(folder / package / "src") for package in PACKAGES)
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = {"PYTHONPATH": path, "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_violation_is_caught(copy: Path, contract: str) -> None:
    name, statement = PLANTED[contract]
    path = copy / name
    before = path.read_text()
    path.write_text(before + f"\n{statement.replace('settle_none', 'conclude')}\n")
    try:
        assert f"{contract} BROKEN" in lint(copy)
    finally:
        path.write_text(before)


def test_without_one_all_are_kept(copy: Path) -> None:
    assert "0 broken" in lint(copy)
