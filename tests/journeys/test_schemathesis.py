"""Schemathesis over the merged OpenAPI through the gateway: no 5xx, no undocumented answer, positive and negative data."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from demo.order_to_cash import START
from demo.suite import RunningSuite, started_suite

CALLERS = ("market", "finance", "erp", "collect_mgr", "admin", "subscriber")
LEFT_ALONE = {"/api/v1/demo/clock", "/api/v1/auth/logout", "/api/v1/auth/login", "/api/v1/collection-closes"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def suite() -> Iterator[RunningSuite]:
    """A suite that may be filled with nonsense."""
    with started_suite(START) as running:
        yield running


def tokens(suite: RunningSuite) -> dict[str, str]:
    found = {}
    for login in CALLERS:
        secret = suite.passwords[login]
        if not secret.startswith("sk_"):
            answer = httpx.post(f"{suite.address}/api/v1/auth/login", json={"login": login, "password": secret})
            secret = answer.json()["access_token"]
        found[login] = secret
    return found


def test_no_call_breaks_anything(suite: RunningSuite) -> None:
    """G-01, G-23: every operation, with what fits its description and with what does not, as people who may call it."""
    schema = schemathesis.openapi.from_url(f"{suite.address}/api/v1/openapi.json")
    held = tokens(suite)
    failures: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in LEFT_ALONE or "responses" not in operation.definition.raw:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            failures += _called(operation, mode, held)
    assert not failures, "\n".join(failures[:10])


def _called(operation: Any, mode: GenerationMode, held: dict[str, str]) -> list[str]:
    failures: list[str] = []
    seen = [0]
    options = settings(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )

    @options
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        seen[0] += 1
        login = CALLERS[seen[0] % len(CALLERS)]
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {held[login]}"}
        answer = case.call(timeout=30)
        try:
            case.validate_response(answer, checks=CHECKS)
        except Exception as failure:
            failures.append(f"{operation.method.upper()} {operation.path} as {login}: {answer.status_code} {failure!s:.600}")

    try:
        call()
    except Exception as error:
        if "Unsatisfiable" not in type(error).__name__:
            failures.append(f"{operation.method.upper()} {operation.path}: {error!r:.300}")
    return failures
