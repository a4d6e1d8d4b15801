"""Ids, code and tests stay in step."""

import pytest

from tests.support.rules import ROOT, SOURCES, files_naming, ids_in, lines_of, named_by_code


@pytest.mark.parametrize("page", SOURCES)
def test_every_id_that_the_code_names_is_explained_and_held(page: str) -> None:
    """`docs/rules/<page>.md` has a line for each, and a test names it."""
    lines = lines_of(ROOT / "docs" / "rules" / f"{page}.md")
    named, held = named_by_code()[page], files_naming()
    assert named - lines.keys() == set(), "named by the code, not explained"
    assert {one for one in lines if one not in held} == set(), "explained, not held by a test"
    assert all(len(words) > 20 for words in lines.values())


def test_ranges_are_spelled_out() -> None:
    """`CR-46…CR-49` names four ids."""
    assert ids_in("see CR-46…CR-49 and G-08") == {"CR-46", "CR-47", "CR-48", "CR-49", "G-08"}
