"""Sizes and names: files of a screen or three, functions of a few lines, no drawers for everything."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE_FOLDERS = ("shared/src", "gateway/src", "credit-service/src", "collection-service/src", "demo")
FORBIDDEN_NAMES = re.compile(r"(^|/)(utils?|helpers?|common|manager|base_\w+|misc)(\.py|/)")
LARGEST_FILE, LARGEST_TEST, LARGEST_FUNCTION = 400, 600, 40


def tracked() -> list[str]:
    """Everything git knows, or would know."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


def sources() -> list[Path]:
    return [path for folder in SOURCE_FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_file_is_too_long() -> None:
    long = {
        name: lines for name in tracked() if name.endswith(".py") if (lines := (ROOT / name).read_text().count("\n")) > _limit(name)
    }
    assert long == {}


def _limit(name: str) -> int:
    return LARGEST_TEST if name.startswith("tests/") else LARGEST_FILE


def test_no_function_is_too_long() -> None:
    long = {}
    for name in tracked():
        if name.endswith(".py"):
            for node in ast.walk(ast.parse((ROOT / name).read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or node.lineno) - node.body[0].lineno + 1
                    if lines > LARGEST_FUNCTION:
                        long[f"{name}:{node.name}"] = lines
    assert long == {}


def test_no_drawer_for_everything() -> None:
    assert [name for name in tracked() if FORBIDDEN_NAMES.search(name)] == []


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_and_public_thing_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a sentence as module docstring"
    if "versions" in path.parts:
        return
    silent = [node.name for node in tree.body if _is_public(node) and not ast.get_docstring(node)]  # type: ignore[arg-type, attr-defined]
    assert silent == []
    assert not [
        node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Service") and len(node.name) > 7
    ]


def _is_public(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")


def test_nothing_names_a_machine_or_leaves_work_behind() -> None:
    """No machine's path, no registry's host, no left-over."""
    words = re.compile(
        "|".join(["/" + "work/", "/" + "farm/", "TO" + "DO", "FIX" + "ME", "pypi" + r"\.org", "maven" + r"\.org", "npmjs" + r"\."])
    )
    found = {}
    for name in tracked():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yml", ".yaml", ".toml", ".txt", ".in", ""} and words.search(
            path.read_text(errors="replace")
        ):
            found[name] = words.findall(path.read_text(errors="replace"))
    assert found == {}


@pytest.mark.parametrize("service", ["credit-service/src/credit_service", "collection-service/src/collection_service"])
def test_the_map_of_a_service_fits_on_a_screen(service: str) -> None:
    """Design §2: `app.py` has at most 60 lines."""
    assert (ROOT / service / "app.py").read_text().count("\n") <= 60
