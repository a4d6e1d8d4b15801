"""Holds requirement ids, code and tests in step: `docs/rules/<service>.md` has a line for every id that the code names."""

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
ID = re.compile(r"\b((?:G|T|CR|CL|SV)-\d{2,3})\b")
RANGE = re.compile(r"\b([A-Z]+)-(\d{2,3})…(?:[A-Z]+-)?(\d{2,3})\b")
SOURCES = {"gateway": "gateway/src", "credit": "credit-service/src", "collection": "collection-service/src", "shared": "shared/src"}
LINE = re.compile(r"^\| ([A-Z]+-\d+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)


def ids_in(text: str) -> set[str]:
    """Every id in a text, ranges (`CR-46…CR-49`) spelled out."""
    found = set(ID.findall(text))
    for prefix, first, last in RANGE.findall(text):
        found |= {f"{prefix}-{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)}
    return found


def named_by_code() -> dict[str, set[str]]:
    """Per page: the ids that its source names."""
    return {page: {one for path in _sources(folder) for one in ids_in(path.read_text())} for page, folder in SOURCES.items()}


def _sources(folder: str) -> list[Path]:
    """Contracts name the rows of whoever publishes, so they do not count for `shared`."""
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "contracts" not in path.parts]


def files_naming() -> dict[str, list[str]]:
    """Per id: the test files that name it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for one in ids_in(path.read_text()):
            found[one].append(str(path.relative_to(ROOT)))
    return found


def rules_documents() -> dict[Path, str]:
    """The pages with the test column written anew; the words in the middle stay as people wrote them."""
    tests = files_naming()
    return {
        page: LINE.sub(lambda line: _line(line, tests), page.read_text()) for page in sorted((ROOT / "docs" / "rules").glob("*.md"))
    }


def lines_of(page: Path) -> dict[str, str]:
    """Id → the rule in our own words."""
    return {found[0]: found[1].strip() for found in LINE.findall(page.read_text())}


def _line(found: re.Match[str], tests: dict[str, list[str]]) -> str:
    held = ", ".join(f"`{path}`" for path in tests.get(found[1], [])[:2])
    return f"| {found[1]} | {found[2].strip()} | {held} |"
