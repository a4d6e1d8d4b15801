"""What every caller meets at the door: G-01, G-05, G-07, G-18, G-23."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from demo.order_to_cash import START
from demo.suite import RunningSuite, started_suite

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def suite() -> Iterator[RunningSuite]:
    """One suite on the local bus: the door does not know the bus."""
    with started_suite(START) as running:
        yield running


class Caller:
    """Calls the suite as one login."""

    def __init__(self, suite: RunningSuite, login: str | None = None, password: str | None = None) -> None:
        self.client = httpx.Client(base_url=suite.address, timeout=30)
        if login is None:
            return
        secret = password or suite.passwords[login]
        if not secret.startswith("sk_"):
            answer = self.client.post("/api/v1/auth/login", json={"login": login, "password": secret})
            assert answer.status_code == 200, answer.text
            self.tokens = answer.json()
            secret = self.tokens["access_token"]
        self.client.headers["Authorization"] = f"Bearer {secret}"

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        fresh = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        return self.client.request(method, f"/api/v1{path}", json=body, headers=fresh | named)


def is_problem(answer: httpx.Response, status: int) -> bool:
    return (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM) and answer.json()["status"] == status


def customer(market: Caller) -> dict[str, Any]:
    number = uuid4().int % 10**8
    body = {
        "name": f"客户{number}", "phone": f"139{number:08d}", "address": "深圳市南山区", "category": "家电", "type": "dealer",
        "legal_form": "company",
    }  # fmt: skip
    answer = market.send("POST", "/customers", body)
    assert answer.status_code == 201, answer.text
    return answer.json() | {"etag": answer.headers["etag"]}


def test_no_token_wrong_role_unknown_prefix(suite: RunningSuite) -> None:
    """G-01, G-05: 401, 403, 404 as problems, `/internal/*` included."""
    nobody, market = Caller(suite), Caller(suite, "market")
    assert is_problem(nobody.send("GET", "/customers"), 401)
    assert is_problem(Caller(suite, "erp").send("GET", "/customers"), 403)
    assert is_problem(market.send("POST", "/shipment-checks", {}), 403)
    for path in ("/nothing", "/tickets", "/../internal/clock"):
        assert is_problem(market.send("GET", path), 404)
    for path in ("/internal/clock", "/api/v2/customers", "/"):
        assert is_problem(market.client.get(path), 404)
    assert is_problem(market.send("DELETE", "/customers"), 405)


def test_a_forged_identity_header_is_ignored(suite: RunningSuite) -> None:
    """G-01: neither a user header nor an internal token from outside is believed."""
    erp = Caller(suite, "erp")
    assert is_problem(erp.send("GET", "/customers", X_User_Id=str(uuid4()), X_Internal_Roles="general_manager"), 403)
    forged = Caller(suite)
    assert is_problem(forged.send("GET", "/customers", Authorization="Bearer eyJhbGciOiJub25lIn0.e30."), 401)


def test_bad_bodies_and_versions(suite: RunningSuite) -> None:
    """G-01: malformed 422, unknown property 422, missing If-Match 428, stale 412."""
    market = Caller(suite, "market")
    made = customer(market)
    path = f"/customers/{made['id']}"
    broken = market.client.post("/api/v1/customers", content=b"{no", headers={"content-type": "application/json"})
    assert is_problem(broken, 422)
    assert is_problem(market.send("POST", "/customers", {"surprise": 1}), 422)
    assert is_problem(market.send("PATCH", path, {"category": "x"}), 428)
    assert is_problem(market.send("PATCH", path, {"category": "x"}, If_Match='"9"'), 412)
    assert market.send("PATCH", path, {"category": "x"}, If_Match=made["etag"]).status_code == 200


def test_a_replayed_key_gives_the_identical_answer(suite: RunningSuite) -> None:
    """CL-13: through the door too."""
    accountant, market = Caller(suite, "accountant"), Caller(suite, "market")
    body = {"customer_id": customer(market)["id"], "payer_type": "customer", "amount_fen": 5, "value_date": "2026-03-03"}
    first = accountant.send("POST", "/payments", body, Idempotency_Key="one")
    again = accountant.send("POST", "/payments", body, Idempotency_Key="one")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content


def test_another_units_object_does_not_exist(suite: RunningSuite) -> None:
    """G-18: a new branch's market manager lists and reads only her own branch."""
    admin, market = Caller(suite, "admin"), Caller(suite, "market")
    unit = admin.send("POST", "/org-units", {"name": "Branch", "type": "branch"}).json()
    new = {
        "login": "branch.market",
        "display_name": "Li",
        "password": "a long password",
        "roles": ["market_manager"],
        "org_unit_id": unit["id"],
    }
    assert admin.send("POST", "/users", new).status_code == 201
    made = customer(market)
    branch = Caller(suite, "branch.market", "a long password")
    assert is_problem(branch.send("GET", f"/customers/{made['id']}"), 404)
    own = customer(branch)
    listed = [one["id"] for one in branch.send("GET", "/customers?limit=200").json()["items"]]
    assert listed == [own["id"]]


def test_a_delegation_lends_and_takes_back(suite: RunningSuite) -> None:
    """G-07: inside the window the assistant may, with both names; after the revocation the old token may not."""
    vp, assistant = Caller(suite, "sales_vp"), Caller(suite, "collector")
    me = assistant.send("GET", "/auth/me").json()
    now = datetime.fromisoformat(Caller(suite, "admin").send("GET", "/demo/clock").json()["now"])
    body = {
        "to_id": me["id"], "permissions": ["line:review_sales"], "reason": "holiday",
        "valid_from": (now - timedelta(minutes=1)).isoformat(), "valid_to": (now + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    lacking = vp.send("POST", "/delegations", body | {"permissions": ["line:approve"]})
    assert lacking.json()["code"] == "NOT_HELD"
    lent = vp.send("POST", "/delegations", body).json()
    path = f"/line-applications/{uuid4()}/review-sales"
    assert is_problem(assistant.send("POST", path, {}), 404), "permitted now; the application does not exist"
    assert vp.send("POST", f"/delegations/{lent['id']}/revoke").status_code == 200
    assert is_problem(assistant.send("POST", path, {}), 403)


def test_duties_stay_separated(suite: RunningSuite) -> None:
    """G-06, G-08: cashier and accountant never in one person; an administrator gets no business role, nor any by himself."""
    admin = Caller(suite, "admin")
    me = admin.send("GET", "/auth/me").json()
    users = {one["login"]: one["id"] for one in admin.send("GET", "/users?limit=200").json()["items"]}
    both = admin.send("PUT", f"/users/{users['accountant']}/roles", {"roles": ["accountant", "cashier"]})
    assert (both.status_code, both.json()["code"]) == (409, "SEPARATION_OF_DUTIES")
    assert admin.send("PUT", f"/users/{me['id']}/roles", {"roles": ["system_admin"]}).json()["code"] == "SELF_APPROVAL"
    assert is_problem(admin.send("POST", f"/line-applications/{uuid4()}/approve", {}), 403)


def test_a_change_of_roles_and_a_sign_out_count_at_once(suite: RunningSuite) -> None:
    """G-05: the same token may less from the next request on; a refresh token works once, its reuse ends the family."""
    admin = Caller(suite, "admin")
    new = {"login": "temp.market", "display_name": "Zhao", "password": "a long password", "roles": ["market_manager"]}
    made = admin.send("POST", "/users", new).json()
    temp = Caller(suite, "temp.market", "a long password")
    assert temp.send("GET", "/customers").status_code == 200
    admin.send("PUT", f"/users/{made['id']}/roles", {"roles": ["erp"]})
    assert temp.send("GET", "/customers").status_code == 403
    refresh = {"refresh_token": temp.tokens["refresh_token"]}
    assert temp.send("POST", "/auth/refresh", refresh).status_code == 200
    assert is_problem(temp.send("POST", "/auth/refresh", refresh), 401)
    time.sleep(5.1)
    assert is_problem(temp.send("GET", "/auth/me"), 401), "the stolen family is ended"
    admin.send("POST", f"/users/{made['id']}/deactivate")
    assert is_problem(Caller(suite).send("POST", "/auth/login", {"login": "temp.market", "password": "a long password"}), 401)


def test_failed_logins_are_slowed_down(suite: RunningSuite) -> None:
    """G-05: the same answer for an unknown login; after five failures 429 with `Retry-After`."""
    admin = Caller(suite, "admin")
    new = {"login": "slow.one", "display_name": "Sun", "password": "a long password", "roles": []}
    admin.send("POST", "/users", new)
    answers = [Caller(suite).send("POST", "/auth/login", {"login": "slow.one", "password": "wrong"}) for _ in range(7)]
    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_one_description_and_a_page_without_foreign_origins(suite: RunningSuite) -> None:
    """G-23: every routed path described once, with problems; the page loads nothing from elsewhere."""
    client = Caller(suite).client
    document = client.get("/api/v1/openapi.json").json()
    assert {"/api/v1/order-checks", "/api/v1/collection-cases", "/api/v1/users", "/api/v1/events"} <= set(document["paths"])
    assert not [path for path in document["paths"] if "internal" in path]
    assert all(
        "422" in operation["responses"]
        for item in document["paths"].values()
        for operation in item.values()
        if "responses" in operation
    )
    page = client.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.findall(r"https?://", page.text)
    assert client.get("/docs/swagger-ui-bundle.js").status_code == 200


def test_the_catalogue_lists_every_event_with_its_schema(suite: RunningSuite) -> None:
    """G-23."""
    items = Caller(suite).client.get("/api/v1/meta/events").json()["items"]
    assert {"credit.line.effective.v1", "collection.case.opened.v1", "gateway.user.changed.v1"} <= {item["type"] for item in items}
    assert all(item["schema"]["properties"] for item in items)


def test_the_feed_as_pages_and_as_a_stream(suite: RunningSuite) -> None:
    """G-23, G-03: gap-free positions; SSE goes on behind `Last-Event-ID`; only subscribers."""
    market, subscriber = Caller(suite, "market"), Caller(suite, "subscriber")
    assert is_problem(market.send("GET", "/events"), 403)
    made = customer(market)
    deadline = time.monotonic() + 10
    items: list[dict[str, Any]] = []
    while time.monotonic() < deadline and not any(item["aggid"] == made["id"] for item in items):
        items = subscriber.send("GET", "/events?limit=200&type=credit.customer.created.v1").json()["items"]
    event = next(item for item in items if item["aggid"] == made["id"])
    assert event["data"]["name"].startswith("v1."), "personal values travel sealed"
    everything = subscriber.send("GET", "/events?limit=200").json()["items"]
    assert [item["position"] for item in everything] == list(range(1, len(everything) + 1))
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(event["position"] - 1)}
    with subscriber.client.stream("GET", "/api/v1/events", headers=headers) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                assert json.loads(line[6:])["id"] == event["id"]
                break


def test_health_and_metrics(suite: RunningSuite) -> None:
    """G-17: open to probes, with the requests counted."""
    client = Caller(suite).client
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    assert "http_requests_total" in client.get("/metrics").text


def test_tokens_can_be_checked_by_anybody(suite: RunningSuite) -> None:
    """G-05: JWKS and discovery."""
    client = Caller(suite).client
    (key,) = client.get("/.well-known/jwks.json").json()["keys"]
    assert (key["kty"], key["alg"], "d" in key) == ("OKP", "EdDSA", False)
    assert client.get("/.well-known/openid-configuration").json()["jwks_uri"].endswith("/.well-known/jwks.json")


def test_business_time_only_moves_forward(suite: RunningSuite) -> None:
    """Design §7: and only for `system:clock`."""
    admin = Caller(suite, "admin")
    past = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    assert admin.send("PUT", "/demo/clock", {"now": past}).json()["code"] == "CLOCK_BACKWARDS"
    assert is_problem(Caller(suite, "market").send("PUT", "/demo/clock", {"now": past}), 403)
