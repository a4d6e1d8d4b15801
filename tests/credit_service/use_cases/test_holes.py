"""Every hole that an order-to-cash suite has been seen to have, each shown shut, races with real concurrency."""

import asyncio
from datetime import timedelta

import pytest
from credit_service.use_cases.end_hold import sweep_holds
from shared.records.principal import Grant, Principal
from shared.records.work import Work
from shared.testing.tokens import somebody
from shared.values.ids import new_id
from sqlalchemy import text

from tests.credit_service.house import OTHER_UNIT, PERMISSIONS, UNIT, House, codes
from tests.support.service import Caller


async def test_thirty_two_parallel_checks_never_exceed_the_line(house: House) -> None:
    """CR-57: 32 checks of 20,000.00 on 500,000.00: exactly 25 pass, and the exposure is the limit to the fen."""
    customer = await house.with_line(50_000_000)
    answers = await asyncio.gather(*(house.order(customer, f"SO-{n}", 2_000_000) for n in range(32)))
    assert sorted(answer["verdict"] for answer in answers).count("APPROVED") == 25
    account = await house.account(customer)
    assert (account["held_fen"], account["available_fen"]) == (50_000_000, 0)
    await house.assert_sound(customer)


async def test_sum_then_write_would_exceed_it(house: House) -> None:
    """Design trap 2: the naive variant (sum the holds in a sub-query, then update) goes over the limit with 32 clients."""
    customer = await house.with_line(50_000_000)
    naive = text("""
        UPDATE account SET held_fen = held_fen + 2000000 WHERE customer_id = :customer AND
        (SELECT coalesce(sum(amount_fen), 0) FROM hold WHERE customer_id = :customer) + 2000000 <= limit_fen RETURNING held_fen""")
    record = text("""
        INSERT INTO hold (id, customer_id, order_ref, amount_fen, held_fen, expires_at, state)
        VALUES (:id, :customer, :ref, 2000000, 2000000, now(), 'HELD')""")

    async def check(number: int) -> None:
        async with house.service.database.transaction() as session:
            taken = (await session.execute(naive, {"customer": customer})).first()
            await asyncio.sleep(0.01)
            if taken is not None:
                await session.execute(record, {"id": new_id(), "customer": customer, "ref": f"N-{number}"})

    await asyncio.gather(*(check(number) for number in range(32)))
    async with house.service.database.transaction() as session:
        held = await session.scalar(text("SELECT sum(held_fen) FROM hold WHERE customer_id = :c"), {"c": customer})
        assert held > 50_000_000, "the sub-query keeps its old snapshot after the wait"
        await session.execute(text("DELETE FROM hold WHERE customer_id = :c"), {"c": customer})
        await session.execute(text("UPDATE account SET held_fen = 0 WHERE customer_id = :c"), {"c": customer})


async def test_one_order_is_held_once(house: House) -> None:
    """CR-57: of parallel checks of one order exactly one holds; the others are told which hold lives."""
    customer = await house.with_line()
    body = {"customer_id": customer, "order_ref": "SO-1", "amount_fen": 100}
    answers = await asyncio.gather(*(house.erp.send("POST", "/order-checks", body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    refused = (await house.erp.post("/order-checks", body, expect=409))["code"]
    assert refused == "ORDER_ALREADY_HELD"
    assert (await house.account(customer))["held_fen"] == 100


async def test_a_prepayment_serves_its_order_only(house: House) -> None:
    """CR-11, CR-56: earmarked at receipt; it settles no other debt and cannot be prepaid twice."""
    customer = await house.with_line()
    await house.shipped(customer, "SO-1", 1_000_000)
    await house.pay(customer, 300_000, order_ref="SO-2")
    account = await house.account(customer)
    assert (account["ar_fen"], account["earmarked_fen"]) == (1_000_000, 300_000)
    assert (await house.order(customer, "SO-3", 300_000, prepaid_fen=300_000))["verdict"] == "PREPAY"
    assert (await house.order(customer, "SO-2", 300_000, prepaid_fen=300_000))["verdict"] == "APPROVED"
    assert (await house.account(customer))["held_fen"] == 0
    await house.assert_sound(customer)


async def test_two_tokens_on_one_hold_never_share_an_amount(house: House) -> None:
    """CR-58: two releases of 600 on a hold of 1,000: the second one is short (and the excess needs the limit)."""
    customer = await house.with_line(1_000)
    await house.order(customer, "SO-1", 1_000)
    first, second = await asyncio.gather(*(house.release(customer, "SO-1", f"DN-{n}", 600) for n in range(2)))
    verdicts = sorted([first["verdict"], second["verdict"]])
    assert verdicts == ["REFUSE", "RELEASE"]
    refused = first if first["verdict"] == "REFUSE" else second
    assert codes(refused) == ["HOLD_SHORT", "LIMIT_EXCEEDED"]
    await house.assert_sound(customer)


async def test_a_token_is_used_once(house: House) -> None:
    """CL-01: parallel postings of one token give one receivable, the same for all."""
    customer = await house.with_line()
    await house.order(customer, "SO-1", 1_000)
    token = (await house.release(customer, "SO-1", "DN-1", 1_000))["token"]
    body = {"token": token, "shipped_on": str(house.today)}
    answers = await asyncio.gather(*(house.erp.post("/receivables", body, expect=201) for _ in range(6)))
    assert len({answer["id"] for answer in answers}) == 1
    assert (await house.account(customer))["ar_fen"] == 1_000
    await house.assert_sound(customer)


async def test_expiry_waits_for_the_shipment(house: House) -> None:
    """CR-56, CR-58: a hold with a reservation does not expire under its live token; afterwards it gives its rest back."""

    async def sweep() -> None:
        async with house.service.database.transaction() as session:
            await sweep_holds(Work(session, house.service.clock.now()))

    customer = await house.with_line()
    await house.order(customer, "SO-1", 1_000)
    house.later(days=6, hours=20)
    token = (await house.release(customer, "SO-1", "DN-1", 400))["token"]
    house.later(hours=6)
    posting = house.erp.post("/receivables", {"token": token, "shipped_on": str(house.today)}, expect=201)
    await asyncio.gather(posting, *(sweep() for _ in range(4)))
    await sweep()
    account = await house.account(customer)
    assert (account["ar_fen"], account["held_fen"]) == (400, 0)
    assert (await house.events(customer)).count("credit.hold.expired") == 1
    await house.assert_sound(customer)


async def test_a_freeze_takes_the_token_back(house: House) -> None:
    """CR-58, CR-71: either the goods left before the freeze, or the token is dead: never both."""
    customer = await house.with_line()
    (line,) = (await house.market_manager.get(f"/lines?customer_id={customer}"))["items"]
    await house.order(customer, "SO-1", 1_000)
    token = (await house.release(customer, "SO-1", "DN-1", 1_000))["token"]
    body = {"token": token, "shipped_on": str(house.today)}
    frozen, posted = await asyncio.gather(
        house.finance_head.send("POST", f"/lines/{line['id']}/freeze", {"reason": "signals"}),
        house.erp.send("POST", "/receivables", body),
    )
    assert frozen.status_code == 200
    blocked = "credit.shipment.blocked" in await house.events(customer)
    assert posted.status_code == (403 if blocked else 201)
    refused = await house.order(customer, "SO-2", 100)
    assert (refused["verdict"], codes(refused)) == ("SUSPENDED", ["LINE_FROZEN"])
    await house.assert_sound(customer)


async def test_a_check_that_waits_behind_a_reversal_sees_it(house: House) -> None:
    """Design trap 3: the decision stands on the row as it is after the wait, not as it was before."""
    customer = await house.with_line(1_000_000)
    await house.shipped(customer, "SO-1", 1_000_000)
    payment = await house.pay(customer, 1_000_000)
    await house.accountant.post(f"/payments/{payment['id']}/reverse", {"reason": "bounced"}, expect=202)
    confirm = house.finance_head.post(f"/payments/{payment['id']}/confirm", {})
    checks = [house.order(customer, f"SO-{n}", 1_000_000) for n in range(2, 8)]
    _, *answers = await asyncio.gather(confirm, *checks)
    account = await house.account(customer)
    assert account["ar_fen"] == 1_000_000
    approved = sum(answer["verdict"] == "APPROVED" for answer in answers)
    assert account["held_fen"] == approved * 1_000_000
    assert approved <= 1
    exceeded = (await house.events(customer)).count("credit.exposure.exceeded")
    assert exceeded == approved, "an order that passed before the bounce leaves one recorded excess"
    await house.assert_sound(customer)


async def test_a_replayed_command_gives_the_same_answer(house: House) -> None:
    """CL-13: the same key and body: byte for byte the same answer, one payment; another body is refused."""
    customer = await house.with_line()
    body = {
        "customer_id": customer,
        "payer_type": "customer",
        "amount_fen": 500,
        "value_date": str(house.today),
        "serial": "1",
        "bank_account": "a",
    }
    first = await house.accountant.send("POST", "/payments", body, Idempotency_Key="k-1")
    again = await house.accountant.send("POST", "/payments", body, Idempotency_Key="k-1")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await house.accountant.send("POST", "/payments", body | {"amount_fen": 501}, Idempotency_Key="k-1")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await house.account(customer))["unapplied_fen"] == 500


async def test_parallel_replays_have_one_effect(house: House) -> None:
    """CL-13: eight at once with one key: one runs, the others wait their turn or get its answer."""
    customer = await house.with_line()
    body = {"customer_id": customer, "payer_type": "customer", "amount_fen": 500, "value_date": str(house.today)}
    answers = await asyncio.gather(*(house.accountant.send("POST", "/payments", body, Idempotency_Key="k-2") for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"IN_PROGRESS"}
    assert (await house.account(customer))["unapplied_fen"] == 500


async def test_another_principals_key_is_another_key(house: House) -> None:
    """CL-13: a key belongs to whoever sent it."""
    customer = await house.with_line()
    body = {"customer_id": customer, "order_ref": "SO-1", "amount_fen": 100}
    mine = await house.erp.send("POST", "/order-checks", body, Idempotency_Key="same")
    theirs = await house.another("erp").send("POST", "/order-checks", body | {"order_ref": "SO-2"}, Idempotency_Key="same")
    assert mine.json()["order_ref"] == "SO-1"
    assert theirs.json()["order_ref"] == "SO-2"


def under_delegation(house: House, role: str, giver: Principal, permissions: list[str], minutes: int = 60) -> Caller:
    """Somebody else with what the giver has lent him."""
    own = tuple(Grant(name, scope, roles=frozenset({role})) for name, scope in PERMISSIONS[role].items())
    lent = lent_by(house, giver, permissions, minutes)
    return house.service.caller(Principal(new_id(), "assistant", frozenset({role}), UNIT, own + lent))


def lent_by(house: House, giver: Principal, permissions: list[str], minutes: int = 60) -> tuple[Grant, ...]:
    """A delegation that began an hour ago and ends in `minutes`."""
    now = house.service.clock.now()
    window = (now - timedelta(hours=1), now + timedelta(minutes=minutes))
    return tuple(Grant(name, "all", giver.id, *window, giver.roles) for name in permissions)


async def test_nobody_approves_his_own_request_through_a_delegation(house: House) -> None:
    """G-08: neither the proposer with lent powers, nor somebody who acts for the proposer."""
    customer = await house.customer()
    application = await house.application(customer, 50_000_000)
    await house.reviewed(application)
    path = f"/line-applications/{application}/approve"
    market, vp = house.market_manager.principal, house.finance_vp.principal
    grants = market.grants + lent_by(house, vp, ["line:approve"])
    proposer_with_powers = house.service.caller(Principal(market.id, market.name, market.roles, UNIT, grants))
    assert (await proposer_with_powers.post(path, {}, expect=403))["code"] == "SELF_APPROVAL"
    acting_for_the_proposer = under_delegation(house, "erp", market, ["line:propose"])
    assert (await acting_for_the_proposer.post(path, {}, expect=403))["code"] == "PERMISSION_MISSING"
    assert (await house.finance_vp.post(path, {}))["state"] == "EFFECTIVE"


async def test_whoever_acted_for_somebody_blocks_him_too(house: House) -> None:
    """G-08: a step done for the sales vice president is his step: he cannot decide again in person."""
    customer = await house.customer()
    application = await house.application(customer, 100)
    assistant = under_delegation(house, "account_manager", house.sales_vp.principal, ["line:review_sales", "customer:read"])
    done = await assistant.post(f"/line-applications/{application}/review-sales", {})
    assert done["steps"][1]["on_behalf_of"] == str(house.sales_vp.principal.id)
    refused = await house.sales_vp.post(f"/line-applications/{application}/review-sales", {}, expect=409)
    assert refused["code"] == "ILLEGAL_ACTION"


async def test_a_delegation_ends_to_the_second(house: House) -> None:
    """G-07: after its window the same token is refused."""
    customer = await house.customer()
    application = await house.application(customer, 100)
    assistant = under_delegation(house, "erp", house.sales_vp.principal, ["line:review_sales", "customer:read"], minutes=-1)
    refused = await assistant.post(f"/line-applications/{application}/review-sales", {}, expect=403)
    assert refused["code"] == "PERMISSION_MISSING"


async def test_the_same_person_does_not_confirm_his_own_reversal(house: House) -> None:
    """G-08: requester and confirmer of a reversal are two people, whatever roles they hold."""
    customer = await house.with_line()
    payment = await house.pay(customer, 500)
    both = {**PERMISSIONS["accountant"], **PERMISSIONS["finance_head"]}
    one = house.service.caller(somebody(both, unit=UNIT))
    await one.post(f"/payments/{payment['id']}/reverse", {"reason": "x"}, expect=202)
    assert (await one.post(f"/payments/{payment['id']}/confirm", {}, expect=403))["code"] == "SELF_APPROVAL"


async def test_beyond_ones_authority_leaves_a_trace(house: House) -> None:
    """CR-47, CR-63, design trap 11: the 403 is answered, and the violation is committed and announced."""
    customer = await house.customer()
    application = await house.application(customer, 50_000_001)
    await house.reviewed(application)
    refused = await house.finance_vp.post(f"/line-applications/{application}/approve", {}, expect=403)
    assert (refused["code"], refused["needed"]) == ("BEYOND_AUTHORITY", "general_manager")
    assert "credit.violation.recorded" in await house.events(customer)
    approved = await house.general_manager.post(f"/line-applications/{application}/approve", {})
    assert approved["state"] == "EFFECTIVE"


async def test_goods_on_the_road_are_posted_by_whoever_may(house: House) -> None:
    """CR-61, CL-01: without a live token only with `receivable:post_unreleased`; it is a violation, told with its excess."""
    customer = await house.with_line(1_000)
    body = {
        "customer_id": customer,
        "order_ref": "SO-1",
        "shipment_ref": "DN-1",
        "amount_fen": 1_500,
        "shipped_on": str(house.today),
    }
    assert (await house.erp.post("/receivables", body, expect=403))["code"] == "TOKEN_EXPIRED"
    posted = await house.finance_head.post("/receivables", body, expect=201)
    assert posted["open_fen"] == 1_500
    events = await house.events(customer)
    assert events[-3:] == ["credit.receivable.created", "credit.violation.recorded", "credit.exposure.exceeded"]
    await house.assert_sound(customer)


async def test_an_override_is_used_once(house: House) -> None:
    """CR-53: two parallel orders with one override of one order: one passes, and its second use is refused."""
    customer = await house.with_line(1_000)
    await house.shipped(customer, "SO-0", 1_000)
    ask = {"customer_id": customer, "order_ref": "SO-1", "codes": ["LIMIT_EXCEEDED"], "excess_fen": 500, "reason": "season"}
    override = (await house.market_manager.post("/overrides", ask, expect=201))["id"]
    refused = await house.service.caller(house.market_manager.principal).send("POST", f"/overrides/{override}/approve", {})
    assert refused.status_code == 403
    await house.finance_vp.post(f"/overrides/{override}/approve", {"comment": "ok"})
    body = {"customer_id": customer, "order_ref": "SO-1", "amount_fen": 500, "override_id": override}
    answers = await asyncio.gather(*(house.erp.send("POST", "/order-checks", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    await house.assert_sound(customer)


async def test_another_units_customer_does_not_exist(house: House) -> None:
    """G-18: outside the scope is 404, before any rule is evaluated."""
    customer = await house.with_line()
    stranger = house.another("market_manager", OTHER_UNIT)
    await stranger.get(f"/customers/{customer}", expect=404)
    (line,) = (await house.market_manager.get(f"/lines?customer_id={customer}"))["items"]
    assert (await stranger.get(f"/lines?customer_id={customer}"))["items"] == []
    application = line["application_id"]
    await stranger.get(f"/line-applications/{application}", expect=404)


@pytest.mark.parametrize("kind", ["refund", "reverse"])
async def test_money_goes_back_only_as_far_as_the_limit_allows(house: House, kind: str) -> None:
    """I15: a refund never raises the exposure above the limit; a reversal is never refused."""
    customer = await house.with_line(1_000)
    payment = await house.pay(customer, 800)
    await house.order(customer, "SO-1", 1_700)
    body = {"reason": "asked for", **({"amount_fen": 200} if kind == "refund" else {})}
    await house.accountant.post(f"/payments/{payment['id']}/{kind}", body, expect=202)
    answer = await house.finance_head.send("POST", f"/payments/{payment['id']}/confirm", {})
    if kind == "refund":
        assert (answer.status_code, answer.json()["code"]) == (409, "REFUND_RAISES_EXPOSURE")
    else:
        assert answer.status_code == 200
        assert "credit.exposure.exceeded" in await house.events(customer)
    await house.assert_sound(customer)
