"""`ETag` and `If-Match`: a change names the version that it stands on."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from shared.values.errors import PreconditionRequired, Stale

FORM = re.compile(r'^(?:W/)?"(\d{1,18})"$')


def _expected(
    if_match: Annotated[str | None, Header(alias="If-Match", description='the version read, as `"3"`')] = None,
) -> int:
    if if_match is None:
        raise PreconditionRequired("PRECONDITION_REQUIRED", "send If-Match with the version that you read")
    found = FORM.match(if_match.strip())
    if found is None:
        raise Stale("VERSION_STALE", "no such version")
    return int(found.group(1))


ExpectedVersion = Annotated[int, Depends(_expected)]


def tag(response: Response, version: int) -> None:
    """Give the version to the caller."""
    response.headers["ETag"] = f'"{version}"'
