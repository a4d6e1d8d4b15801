"""The HTTP rules of the house, on this service: statuses, problems, versions, pages, masks."""

import asyncio
from typing import Any

import pytest
from shared.testing.tokens import somebody

from tests.credit_service.house import UNIT, House

PROBLEM = "application/problem+json"
VALID = {
    "name": "甲公司",
    "phone": "075588880001",
    "address": "深圳市南山区科技路2号",
    "category": "家电",
    "type": "dealer",
    "legal_form": "company",
}


async def test_no_token_is_401(house: House) -> None:
    """G-05."""
    answer = await house.service.client.get("/api/v1/customers")
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_wrong_role_is_403(house: House) -> None:
    """G-05, CR-58: the market department does not release shipments."""
    body = {"customer_id": str(UNIT), "order_ref": "x", "shipment_ref": "y", "amount_fen": 1}
    refused = await house.market_manager.post("/shipment-checks", body, expect=403)
    assert refused["code"] == "PERMISSION_MISSING"


async def test_an_unknown_path_and_a_wrong_method_are_problems(house: House) -> None:
    """G-01."""
    for method, path, status in (("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/customers", 405)):
        answer = await house.service.client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


@pytest.mark.parametrize(
    "change",
    [{"name": None}, {"name": ""}, {"type": "factory"}, {"legal_form": "x"}, {"phone": "abc"}, {"surprise": 1}, {"name": "a\u0000b"},
     {"name": "x" * 301}, {"owner_id": "no"}, {"profile": {"a": 1}}],
)  # fmt: skip
async def test_bad_values_are_422_and_leave_nothing(house: House, change: dict[str, Any]) -> None:
    """CR-01, CR-06: missing, empty, unknown, malformed, too long, an unknown property."""
    answer = await house.market_manager.send("POST", "/customers", VALID | change)
    assert answer.status_code == 422
    assert answer.json()["code"] == "VALIDATION_FAILED"


async def test_a_body_that_is_no_json_is_422(house: House) -> None:
    """G-01."""
    headers = house.service.mint.headers(house.market_manager.principal, "credit") | {"content-type": "application/json"}
    answer = await house.service.client.post("/api/v1/customers", content=b"{", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)


async def test_money_routes_need_a_key(house: House) -> None:
    """CL-13: 400 without `Idempotency-Key`."""
    headers = house.service.mint.headers(house.accountant.principal, "credit")
    body = {"payer_type": "customer", "amount_fen": 1, "value_date": str(house.today)}
    answer = await house.service.client.post("/api/v1/payments", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


async def test_a_change_names_its_version(house: House) -> None:
    """CR-01: missing 428, stale 412, right 200; of two with one version one wins."""
    customer = await house.customer()
    path, change = f"/customers/{customer}", {"category": "手机"}
    assert (await house.market_manager.send("PATCH", path, change)).status_code == 428
    assert (await house.market_manager.send("PATCH", path, change, If_Match='"7"')).status_code == 412
    answers = await asyncio.gather(*(house.market_manager.send("PATCH", path, change, If_Match='"1"') for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert {answer.headers["etag"] for answer in answers if answer.status_code == 200} == {'"2"'}


async def test_one_customer_has_one_file(house: House) -> None:
    """CR-05: the same licence number, or the same name and phone, also when both come at once."""
    first = await house.market_manager.post("/customers", VALID | {"name": "乙公司", "uscc": "91440300MA5ABCDEF1"}, expect=201)
    again = await house.market_manager.post(
        "/customers", VALID | {"name": "别名", "phone": "13900000001", "uscc": "91440300MA5ABCDEF1"}, expect=409
    )
    assert (again["code"], again["customer_id"]) == ("CUSTOMER_EXISTS", first["id"])
    body = VALID | {"name": "丙公司", "phone": "0755-8888 0003"}
    answers = await asyncio.gather(*(house.market_manager.send("POST", "/customers", body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_personal_values_are_masked_but_for_those_who_may_read_them(house: House) -> None:
    """G-10: masked in every list and without the permission; in full with it, which leaves an access row."""
    body = VALID | {"name": "王小明", "phone": "13800001234", "owner_id": None}
    made = await house.account_manager.post("/customers", body, expect=201)
    masked = await house.market_manager.get(f"/customers/{made['id']}")
    assert (masked["name"], masked["phone"], masked["address"], masked["masked"]) == (
        "王**",
        "138****1234",
        "深圳市南山区***",
        True,
    )
    full = await house.account_manager.get(f"/customers/{made['id']}")
    assert (full["phone"], full["masked"]) == ("13800001234", False)
    listed = [one for one in (await house.account_manager.get("/customers?limit=200"))["items"] if one["id"] == made["id"]]
    assert listed[0]["phone"] == "138****1234"
    async with house.service.database.transaction() as session:
        from sqlalchemy import text

        seen = await session.scalar(
            text("SELECT count(*) FROM audit WHERE entity_id = :id AND action = 'read_in_full'"), {"id": made["id"]}
        )
        stored = await session.scalar(text("SELECT phone FROM customer WHERE id = :id"), {"id": made["id"]})
    assert seen == 1
    assert stored.startswith("v1."), "sealed at rest"


async def test_the_cursor_returns_each_row_once(house: House) -> None:
    """G-22: walking the cursor; `limit=201` and a forged cursor are 422."""
    for _ in range(7):
        await house.customer()
    seen: list[str] = []
    path = "/customers?limit=3"
    while True:
        page = await house.market_manager.get(path)
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        path = f"/customers?limit=3&cursor={page['next']}"
    assert len(seen) == len(set(seen)) >= 7
    await house.market_manager.get("/customers?limit=201", expect=422)
    assert (await house.market_manager.get("/customers?cursor=AAAA", expect=422))["code"] == "CURSOR_INVALID"


async def test_a_contract_counts_when_every_clause_passed(house: House) -> None:
    """CR-15, CR-17: one reject holds it back, and a line needs an effective one."""
    customer = await house.customer()
    body = {
        "customer_id": customer,
        "valid_from": "2026-01-01",
        "valid_until": "2030-01-01",
        "term_days": 60,
        "clauses": ["price", "payment"],
    }
    contract = (await house.market_manager.post("/contracts", body, expect=201))["id"]
    await house.market_manager.post(f"/contracts/{contract}/review", {"clause": "price", "result": "pass"})
    await house.market_manager.post(f"/contracts/{contract}/review", {"clause": "payment", "result": "reject"})
    refused = await house.market_manager.post(f"/contracts/{contract}/make-effective", expect=409)
    assert refused["clauses"] == ["payment"]
    ask = {
        "customer_id": customer,
        "kind": "UNRATED",
        "limit_fen": 1,
        "term_days": 1,
        "valid_until": str(house.today),
        "contract_id": contract,
    }
    assert (await house.market_manager.post("/line-applications", ask, expect=422))["code"] == "CONTRACT_NOT_EFFECTIVE"


async def test_consumers_have_no_line(house: House) -> None:
    """CR-06."""
    customer = await house.customer(type="consumer", legal_form="natural_person")
    contract = await house.contract(customer)
    ask = {
        "customer_id": customer,
        "kind": "UNRATED",
        "limit_fen": 1,
        "term_days": 1,
        "valid_until": "2030-01-01",
        "contract_id": contract,
    }
    assert (await house.market_manager.post("/line-applications", ask, expect=422))["code"] == "CONSUMER_HAS_NO_LINE"


async def test_an_approval_lists_person_date_opinion_and_outcome(house: House) -> None:
    """G-08, CR-46: every step of a finished approval has all four; out of order is 409 with what is allowed."""
    customer = await house.customer()
    application = await house.application(customer, 100)
    early = await house.finance_vp.post(f"/line-applications/{application}/approve", {}, expect=409)
    assert early["allowed"] == ["review-sales", "reject", "withdraw"]
    await house.reviewed(application)
    done = await house.finance_vp.post(f"/line-applications/{application}/approve", {"comment": "fine"})
    assert [step["decision"] for step in done["steps"]] == ["proposed", "agreed", "agreed", "approved"]
    assert all(step["actor_id"] and step["at"] for step in done["steps"])
    assert len({step["actor_id"] for step in done["steps"]}) == 4
    assert done["steps"][-1]["comment"] == "fine"
    assert done["allowed_actions"] == []


async def test_finance_needs_an_opinion_on_funds(house: House) -> None:
    """CR-51: 422 without it."""
    application = await house.application(await house.customer(), 100)
    await house.sales_vp.post(f"/line-applications/{application}/review-sales", {})
    await house.finance_head.post(f"/line-applications/{application}/review-finance", {"comment": "ok"}, expect=422)


async def test_money_past_due_blocks_an_increase(house: House) -> None:
    """CR-52: 409 until it is settled."""
    customer = await house.with_line()
    await house.shipped(customer, "SO-1", 1_000)
    contract = await house.contract(customer)
    house.later(days=62)
    ask = {
        "customer_id": customer,
        "kind": "INCREASE",
        "limit_fen": 60_000_000,
        "term_days": 60,
        "valid_until": "2027-02-01",
        "contract_id": contract,
    }
    ask["valid_until"] = str(house.today.replace(month=12, day=31))
    if house.today.month == 12:
        ask["valid_until"] = str(house.today.replace(year=house.today.year + 1, month=6, day=30))
    assert (await house.market_manager.post("/line-applications", ask, expect=409))["code"] == "OVERDUE_BLOCKS_INCREASE"
    await house.pay(customer, 1_000)
    await house.market_manager.post("/line-applications", ask, expect=201)


async def test_below_grade_is_the_sales_vice_presidents_alone(house: House) -> None:
    """CR-49: approved by his word; 50,000.01 is refused."""
    customer = await house.customer()
    contract = await house.contract(customer)
    ask = {"customer_id": customer, "kind": "BELOW_GRADE", "limit_fen": 5_000_001, "term_days": 30, "contract_id": contract}
    ask["valid_until"] = str(house.today.replace(year=house.today.year + 1, day=1))
    assert (await house.market_manager.post("/line-applications", ask, expect=422))["code"] == "BELOW_GRADE_LIMIT"
    made = await house.market_manager.post("/line-applications", ask | {"limit_fen": 5_000_000}, expect=201)
    await house.market_manager.post(f"/line-applications/{made['id']}/submit")
    done = await house.sales_vp.post(f"/line-applications/{made['id']}/review-sales", {})
    assert done["state"] == "EFFECTIVE"
    assert (await house.account(customer))["limit_fen"] == 5_000_000


async def test_payments_are_not_entered_twice(house: House) -> None:
    """CL-13, CL-14: the bank's serial tells doubles apart; payer_type is mandatory."""
    customer = await house.with_line()
    await house.pay(customer, 100, serial="S-1")
    body = {
        "customer_id": customer,
        "payer_type": "customer",
        "amount_fen": 100,
        "value_date": str(house.today),
        "bank_account": "6222",
        "serial": "S-1",
    }
    assert (await house.accountant.post("/payments", body, expect=409))["code"] == "PAYMENT_KNOWN"
    await house.accountant.post("/payments", {**body, "payer_type": None, "serial": "S-2"}, expect=422)


async def test_a_dry_run_writes_nothing(house: House) -> None:
    """CR-57: a check with `dry_run`, also for another day; `as_of` without it is refused."""
    customer = await house.with_line()
    before = await house.account(customer)
    assert (await house.order(customer, "SO-1", 100, dry_run=True, as_of="2030-01-01"))["reasons"][0]["code"] == "LINE_EXPIRED"
    assert await house.account(customer) == before
    body = {"customer_id": customer, "order_ref": "SO-1", "amount_fen": 100, "as_of": str(house.today)}
    assert (await house.erp.post("/order-checks", body, expect=422))["code"] == "AS_OF_NEEDS_DRY_RUN"


async def test_the_account_block_needs_its_permission(house: House) -> None:
    """CR-57: `account` only with `account:read`."""
    customer = await house.with_line()
    assert (await house.order(customer, "SO-1", 100))["account"] is None
    market = await house.market_manager.post("/order-checks", {"customer_id": customer, "order_ref": "SO-2", "amount_fen": 100})
    assert market["account"]["held_fen"] == 200


async def test_over_allocation_is_refused(house: House) -> None:
    """CL-13: more than is on account, or more than is open: 422."""
    customer = await house.with_line()
    payment = await house.pay(customer, 100)
    owed = await house.shipped(customer, "SO-1", 1_000)
    shares = [{"receivable_id": owed["id"], "amount_fen": 101}]
    assert (await house.accountant.post(f"/payments/{payment['id']}/allocate", {"shares": shares}, expect=422))[
        "code"
    ] == "OVER_ALLOCATED"


async def test_aging_adds_up_to_the_ledger(house: House) -> None:
    """CL-04: Σ of all buckets is what is open, to the fen, and past days can be asked for."""
    customer = await house.with_line()
    await house.shipped(customer, "SO-1", 1_234_567)
    report = await house.finance_head.get("/credit-reports/aging")
    mine = [row for row in report["customers"] if row["customer_id"] == customer]
    assert [(row["bucket"], row["open_fen"]) for row in mine] == [("NOT_DUE", 1_234_567)]
    from credit_service.storage.aging import total_open

    async with house.service.database.transaction() as session:
        assert report["total_fen"] == await total_open(session)


async def test_a_chinese_caller_reads_chinese_titles(house: House) -> None:
    """G-21: problem titles follow `Accept-Language`."""
    answer = await house.service.client.get("/api/v1/customers", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert answer.json()["title"] == "未登录或令牌无效"


async def test_bills_count_until_they_are_honoured(house: House) -> None:
    """CL-13: a bill (承兑) settles the debt and stays exposure; dishonoured it opens the debt again, with one excess told."""
    customer = await house.with_line(1_000)
    await house.shipped(customer, "SO-1", 1_000)
    bill = await house.pay(customer, 1_000, kind="BILL")
    account = await house.account(customer)
    assert (account["ar_fen"], account["bills_fen"], account["available_fen"]) == (0, 1_000, 0)
    await house.accountant.post(f"/payments/{bill['id']}/dishonour", {"reason": "not paid"}, expect=202)
    await house.finance_head.post(f"/payments/{bill['id']}/confirm", {})
    account = await house.account(customer)
    assert (account["ar_fen"], account["bills_fen"]) == (1_000, 0)
    second = await house.pay(customer, 1_000, kind="BILL")
    await house.accountant.post(f"/payments/{second['id']}/honour")
    assert (await house.account(customer))["available_fen"] == 1_000
    await house.assert_sound(customer)


async def test_an_unmatched_payment_waits_without_a_journal(house: House) -> None:
    """CL-14: without a customer, or from a third party, it stays UNMATCHED."""
    body = {"payer_type": "third_party", "amount_fen": 77, "value_date": str(house.today), "customer_id": await house.customer()}
    made = await house.accountant.post("/payments", body, expect=201)
    assert (made["state"], made["customer_id"], made["allocations"]) == ("UNMATCHED", None, [])


async def test_a_stranger_sees_no_payment_of_another_unit(house: House) -> None:
    """G-18."""
    payment = await house.pay(await house.with_line(), 10)
    stranger = house.service.caller(somebody({"ledger:read": "own"}, unit=UNIT))
    await stranger.get(f"/payments/{payment['id']}", expect=404)


async def test_other_debts_are_posted_by_kind(house: House) -> None:
    """CL-02, CR-62: they have a day on which they arose; the limit does not stop them, and the excess is told once."""
    customer = await house.with_line(1_000)
    body = {"customer_id": customer, "kind": "compensation", "amount_fen": 1_500, "occurred_on": str(house.today)}
    posted = await house.accountant.post("/receivables", body, expect=201)
    assert (posted["kind"], posted["shipped_on"], posted["open_fen"]) == ("compensation", None, 1_500)
    await house.accountant.post("/receivables", body | {"kind": "trade"}, expect=422)
    assert (await house.events(customer)).count("credit.exposure.exceeded") == 1
    await house.assert_sound(customer)


async def test_a_key_account_has_a_manager(house: House) -> None:
    """CR-13."""
    body = VALID | {"name": "大客户", "phone": "13700000001", "key_account": True}
    assert (await house.market_manager.post("/customers", body, expect=422))["code"] == "KEY_ACCOUNT_NEEDS_MANAGER"


async def test_an_amendment_runs_the_order_checks_statement(house: House) -> None:
    """CR-57: more needs room, less frees it; an ended hold is final; a release gives everything back."""
    customer = await house.with_line(1_000)
    hold = (await house.order(customer, "SO-1", 600))["hold_id"]
    assert (await house.erp.post(f"/holds/{hold}/amend", {"amount_fen": 1_000}))["held_fen"] == 1_000
    refused = await house.erp.post(f"/holds/{hold}/amend", {"amount_fen": 1_001}, expect=409)
    assert refused["code"] == "LIMIT_EXCEEDED"
    assert (await house.events(customer))[-1] == "credit.order.held", "design trap 11: refused, and announced"
    await house.erp.post(f"/holds/{hold}/amend", {"amount_fen": 300})
    assert (await house.account(customer))["available_fen"] == 700
    await house.erp.post(f"/holds/{hold}/release")
    assert (await house.account(customer))["available_fen"] == 1_000
    assert (await house.erp.post(f"/holds/{hold}/renew", expect=409))["code"] == "HOLD_ENDED"
    await house.assert_sound(customer)
