"""Schemathesis over the merged OpenAPI through the gateway: no 5xx, no undocumented answer, positive and negative data."""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from demo.order_to_cash import START
from demo.suite import RunningSuite, started_suite

CALLERS = ("market", "finance", "accountant", "erp", "sales_vp", "finance_vp", "collect_mgr", "admin", "subscriber", "collector")
LEFT_ALONE = {"/api/v1/demo/clock", "/api/v1/auth/logout", "/api/v1/auth/login", "/api/v1/collection-closes"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def suite() -> Iterator[RunningSuite]:
    """A suite that may be filled with nonsense."""
    with started_suite(START) as running:
        yield running


class Callers:
    """Calls as whoever may: for each operation the caller who is not refused is remembered."""

    def __init__(self, suite: RunningSuite) -> None:
        self._tokens = {login: self._token(suite, login) for login in CALLERS}
        self._right: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()
        self.customer = self._customer(suite)

    def call(self, case: Any, number: int) -> Any:
        """One call, in every second of them about a customer that exists, always with a key of its own."""
        if number % 2:
            _name_customer(case, self.customer)
        first = self._right.get(case.operation.label, CALLERS[0])
        for login in (first, *(other for other in CALLERS if other != first)):
            headers = {"Authorization": f"Bearer {self._tokens[login]}", "Idempotency-Key": str(uuid4())}
            case.headers = {**(case.headers or {}), **headers}
            answer = case.call(timeout=30)
            if answer.status_code != 403:
                self._right[case.operation.label] = login
                break
        self.statuses[answer.status_code] += 1
        return answer

    @staticmethod
    def _token(suite: RunningSuite, login: str) -> str:
        secret = suite.passwords[login]
        if secret.startswith("sk_"):
            return secret
        answer = httpx.post(f"{suite.address}/api/v1/auth/login", json={"login": login, "password": secret})
        return str(answer.json()["access_token"])

    def _customer(self, suite: RunningSuite) -> str:
        body = {
            "name": "甲", "phone": "13812345678", "address": "深圳市", "category": "x", "type": "dealer", "legal_form": "company",
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {self._tokens['market']}"}
        return str(httpx.post(f"{suite.address}/api/v1/customers", json=body, headers=headers).json()["id"])


def _name_customer(case: Any, customer: str) -> None:
    if isinstance(case.body, dict) and "customer_id" in case.body:
        case.body = {**case.body, "customer_id": customer}
    if "customer_id" in (case.path_parameters or {}):
        case.path_parameters = {**case.path_parameters, "customer_id": customer}


def test_no_call_breaks_anything(suite: RunningSuite) -> None:
    """G-01, G-23: every operation, with what fits its description and with what does not, as people who may call it."""
    schema = schemathesis.openapi.from_url(f"{suite.address}/api/v1/openapi.json")
    callers = Callers(suite)
    failures: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path not in LEFT_ALONE:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                failures += _called(operation, mode, callers)
    assert not failures, "\n".join(failures[:10])
    assert callers.statuses[200] + callers.statuses[201] > 150, callers.statuses
    assert callers.statuses[422] > 150, callers.statuses


def _called(operation: Any, mode: GenerationMode, callers: Callers) -> list[str]:
    failures: list[str] = []
    numbers = count()
    options = settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )

    @options
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        answer = callers.call(case, next(numbers))
        try:
            case.validate_response(answer, checks=CHECKS)
        except Exception as failure:
            failures.append(f"{operation.label}: {answer.status_code} {failure!s:.600}")

    try:
        call()
    except Unsatisfiable:
        return failures
    return failures
