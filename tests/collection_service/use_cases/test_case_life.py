"""CL-21, CL-23, CL-30, CL-34: a case from the first overdue item to its end, driven by the ledger's events."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from collection_service import consumers
from collection_service.storage.tables import METADATA
from collection_service.use_cases.close_day import close_customer, wait_for_credit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared.messaging.wave import Handlers, handle_wave
from shared.records.work import Work
from shared.testing.schema import differences
from shared.testing.tokens import somebody
from shared.values.errors import Unavailable
from sqlalchemy import text

from tests.collection_service.conftest import COLLECTOR, Desk
from tests.collection_service.ledger import UNIT, Ledger


async def close(desk: Desk, ledger: Ledger, day: date) -> None:
    async with desk.service.database.transaction() as session:
        await close_customer(Work(session, desk.service.clock.now()), ledger.customer, day)


async def test_the_first_overdue_item_opens_one_case_and_later_ones_join(desk: Desk) -> None:
    """CL-21."""
    ledger, _, case = await desk.overdue_case()
    seen = len(ledger.records)
    second = ledger.receivable(5_000_000, date(2026, 5, 3))
    ledger.overdue(second, date(2026, 5, 7))
    await desk.deliver(*ledger.records[seen:])
    detail = await desk.collector.get(f"/collection-cases/{case}")
    assert (detail["overdue_fen"], len(detail["items"]), detail["state"]) == (15_000_000, 2, "ACTIVE")
    assert (await desk.events(case)).count("case.opened") == 1


async def test_less_than_a_hundred_yuan_opens_nothing(desk: Desk) -> None:
    """CL-21: the minimum is 100.00."""
    ledger = await desk.ledger()
    seen = len(ledger.records)
    ledger.overdue(ledger.receivable(9_999, date(2026, 5, 2)), date(2026, 5, 6))
    await desk.deliver(*ledger.records[seen:])
    assert await desk.case_of(ledger.customer) == "None"


async def test_payment_closes_and_a_bounce_reopens_the_same_case(desk: Desk) -> None:
    """CL-21: history kept; `case.closed` says what was recovered."""
    ledger, receivable, case = await desk.overdue_case(1_000_000)
    seen = len(ledger.records)
    payment = ledger.pay(receivable, 1_000_000, date(2026, 5, 7))
    await desk.deliver(*ledger.records[seen:])
    closed = await desk.collector.get(f"/collection-cases/{case}")
    assert (closed["state"], closed["outcome"]) == ("CLOSED", "PAID")
    seen = len(ledger.records)
    ledger.bounce(payment, date(2026, 5, 7))
    await desk.deliver(*ledger.records[seen:])
    assert (await desk.collector.get(f"/collection-cases/{case}"))["state"] == "ACTIVE"
    assert await desk.case_of(ledger.customer) == case
    assert (await desk.events(case))[-2:] == ["case.closed", "case.reopened"]


async def test_day_31_moves_the_stage_once(desk: Desk) -> None:
    """CL-22: S1 → S2 by the daily close, told once though the day is closed twice."""
    ledger, _, case = await desk.overdue_case()
    for day in (date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 2)):
        await close(desk, ledger, day)
    detail = await desk.collector.get(f"/collection-cases/{case}")
    assert (detail["stage"], detail["dpd"]) == ("S2", 31)
    assert (await desk.events(case)).count("case.stage_changed") == 1


async def test_a_promise_is_kept_by_the_ledgers_events_alone(desk: Desk) -> None:
    """CL-30: as soon as 99 % are there; outreach stood still until then."""
    ledger, receivable, case = await desk.overdue_case(10_000_000)
    promised = str(desk.service.clock.today() + timedelta(5))
    made = await desk.collector.post(
        f"/collection-cases/{case}/promises", {"amount_fen": 1_000_000, "promised_on": promised}, expect=201
    )
    assert made["state"] == "OPEN"
    answer = await desk.collector.post("/contact-checks", desk.wish(ledger, case), expect=200)
    assert "PROMISE_PENDING" in [reason["code"] for reason in answer["reasons"]]
    second = await desk.collector.post(f"/collection-cases/{case}/promises", {"amount_fen": 1, "promised_on": promised}, expect=409)
    assert second["code"] == "PROMISE_OPEN"
    seen = len(ledger.records)
    ledger.work = Work(ledger.work.session, desk.service.clock.now())
    ledger.pay(receivable, 990_000, desk.service.clock.today())
    await desk.deliver(*ledger.records[seen:])
    detail = await desk.collector.get(f"/collection-cases/{case}")
    assert (detail["promises"][0]["state"], detail["state"]) == ("KEPT", "ACTIVE")


async def test_a_broken_promise_is_told_once_and_corrected_by_a_late_posting(desk: Desk) -> None:
    """CL-30: broken at the close of the working day after the deadline, once; a later posting with an earlier value date corrects it."""
    ledger, receivable, case = await desk.overdue_case(10_000_000)
    today = desk.service.clock.today()
    made = await desk.collector.post(
        f"/collection-cases/{case}/promises", {"amount_fen": 1_000_000, "promised_on": str(today)}, expect=201
    )
    deadline = date.fromisoformat(made["deadline_on"])
    for day in range(8):
        await close(desk, ledger, today + timedelta(day))
        await close(desk, ledger, today + timedelta(day))
    assert (await desk.events(case)).count("promise.broken") == 1
    seen = len(ledger.records)
    ledger.pay(receivable, 1_000_000, deadline, posted_at=desk.service.clock.now() + timedelta(days=9))
    await desk.deliver(*ledger.records[seen:])
    assert (await desk.events(case))[-1] == "promise.corrected"
    assert (await desk.collector.get(f"/collection-cases/{case}"))["broken_promises"] == 0


async def test_parallel_promises_leave_one(desk: Desk) -> None:
    """CL-30: one open promise per case."""
    _, _, case = await desk.overdue_case()
    body = {"amount_fen": 1, "promised_on": str(desk.service.clock.today())}
    answers = await asyncio.gather(*(desk.collector.send("POST", f"/collection-cases/{case}/promises", body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5


async def test_twenty_parallel_attempts_never_pass_a_counter(desk: Desk) -> None:
    """CL-34: one conversation a day: of twenty collectors' tokens, all given before the first call, one becomes an attempt."""
    ledger, _, case = await desk.overdue_case()
    tokens = [(await desk.manager.post("/contact-checks", desk.wish(ledger, case)))["token"] for _ in range(20)]
    assert all(tokens)
    answers = await asyncio.gather(*(desk.manager.send("POST", "/attempts", {"token": token}) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"CONTACT_REFUSED"}
    assert (await desk.events(case)).count("compliance.refused") == 19, "design trap 11: refused, stored and announced"


async def test_a_token_is_one_collectors_one_call(desk: Desk) -> None:
    """CL-34: another collector's token 403; used, foreign, missing or too old 409."""
    ledger, _, case = await desk.overdue_case()
    token = (await desk.collector.post("/contact-checks", desk.wish(ledger, case)))["token"]
    stranger = desk.service.caller(somebody(COLLECTOR, unit=UNIT))
    assert (await stranger.post("/attempts", {"token": token}, expect=403))["code"] == "TOKEN_OF_ANOTHER"
    assert (await desk.collector.post("/attempts", {}, expect=409))["code"] == "TOKEN_MISSING"
    assert (await desk.collector.post("/attempts", {"token": token[:-1] + "x"}, expect=409))["code"] == "TOKEN_MISMATCH"
    attempt = await desk.collector.post("/attempts", {"token": token}, expect=201)
    assert (await desk.collector.post("/attempts", {"token": token}, expect=409))["code"] == "TOKEN_MISMATCH"
    await desk.collector.post(f"/attempts/{attempt['id']}/finish", {"outcome": "NO_ANSWER"}, expect=409)
    await desk.collector.post(f"/attempts/{attempt['id']}/start")
    await desk.collector.post(f"/attempts/{attempt['id']}/finish", {}, expect=422)
    forbidden = {"outcome": "SPOKE_DEBTOR", "note": "会通知你的家人"}
    assert (await desk.collector.post(f"/attempts/{attempt['id']}/finish", forbidden, expect=422))["code"] == "CONTENT_FORBIDDEN"
    done = await desk.collector.post(f"/attempts/{attempt['id']}/finish", {"outcome": "NO_ANSWER"})
    assert (done["effective"], done["next_action_at"] is not None) == (False, True)
    stale = (await desk.collector.post("/contact-checks", desk.wish(ledger, case)))["token"]
    desk.service.clock.move_to(desk.service.clock.now() + timedelta(minutes=5))
    assert (await desk.collector.post("/attempts", {"token": stale}, expect=409))["code"] == "TOKEN_EXPIRED"


async def test_a_call_after_the_payment_is_refused_though_its_token_lives(desk: Desk) -> None:
    """CL-34: the ledger moved since the check."""
    ledger, receivable, case = await desk.overdue_case()
    token = (await desk.collector.post("/contact-checks", desk.wish(ledger, case)))["token"]
    seen = len(ledger.records)
    ledger.pay(receivable, 1_000, desk.service.clock.today())
    await desk.deliver(*ledger.records[seen:])
    assert (await desk.collector.post("/attempts", {"token": token}, expect=409))["code"] == "TOKEN_MISMATCH"


async def test_inbound_is_always_logged(desk: Desk) -> None:
    """CL-23: the customer may call whenever he likes."""
    _, _, case = await desk.overdue_case()
    body = {"direction": "INBOUND", "case_id": case, "started_at": desk.service.clock.now().isoformat()}
    attempt = await desk.collector.post("/attempts", body, expect=201)
    done = await desk.collector.post(f"/attempts/{attempt['id']}/finish", {"outcome": "SPOKE_DEBTOR"})
    assert (done["direction"], done["effective"]) == ("INBOUND", False)


async def test_another_collectors_case_does_not_exist(desk: Desk) -> None:
    """G-18."""
    _, _, case = await desk.overdue_case()
    stranger = desk.service.caller(somebody(COLLECTOR, unit=UNIT))
    await stranger.get(f"/collection-cases/{case}", expect=404)
    assert (await stranger.get("/collection-cases"))["items"] == []


async def test_numbers_are_masked_and_revealed_for_a_reason(desk: Desk) -> None:
    """G-10, CL-27: opened at read time; the reveal is audited."""
    _, _, case = await desk.overdue_case()
    masked = (await desk.collector.get(f"/collection-cases/{case}/contact-points"))["persons"][0]
    assert (masked["name"], masked["contact_points"][0]["value"]) == ("王**", "138****1234")
    full = await desk.collector.post(f"/collection-cases/{case}/reveal", {"reason": "to call"})
    assert full["persons"][0]["contact_points"][0]["value"] == "13800001234"


async def test_a_pause_stops_outreach_until_a_supervisor_ends_it(desk: Desk) -> None:
    """CL-21: after its last day it waits for the supervisor and still counts."""
    ledger, _, case = await desk.overdue_case()
    body = {"kind": "HARDSHIP", "to_on": str(desk.service.clock.today()), "reason": "flood"}
    pause = await desk.manager.post(f"/collection-cases/{case}/pauses", body, expect=201)
    await close(desk, ledger, desk.service.clock.today())
    answer = await desk.collector.post("/contact-checks", desk.wish(ledger, case))
    assert "CASE_PAUSED" in [reason["code"] for reason in answer["reasons"]]
    await desk.manager.post(f"/collection-cases/{case}/pauses/{pause['id']}/resume")
    assert (await desk.collector.post("/contact-checks", desk.wish(ledger, case)))["allow"]


async def test_the_queue_puts_broken_promises_first(desk: Desk) -> None:
    """CL-26: and says why."""
    answer = await desk.manager.post("/collection-queue/next")
    assert answer["case"]["broken_promises"] >= 0
    assert any(reason.startswith("OVERDUE:") for reason in answer["reasons"])


async def test_the_close_waits_behind_the_barrier(desk: Desk) -> None:
    """CL-03: 503 with progress when credit-service has not closed the day; it never judges early."""
    with pytest.raises(Unavailable) as refused:
        await wait_for_credit(desk.service.database, desk.service.clock.today(), wait_s=0.2)
    assert (refused.value.code, refused.value.facts["ready"]) == ("BARRIER_MISSING", 0)


async def projection(desk: Desk, ledger: Ledger) -> dict[str, Any]:
    async with desk.service.database.transaction() as session:
        items = await session.execute(
            text("SELECT receivable_id, open_fen, overdue_since FROM item WHERE customer_id = :c ORDER BY 1"),
            {"c": ledger.customer},
        )
        cases = await session.execute(
            text("SELECT id, state, overdue_fen FROM collection_case WHERE customer_id = :c ORDER BY 1"), {"c": ledger.customer}
        )
        return {"items": [tuple(row) for row in items], "cases": [tuple(row) for row in cases]}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(repeats=st.lists(st.integers(1, 3), min_size=20, max_size=20), back=st.lists(st.integers(0, 19), max_size=10))
async def test_repeated_delivery_gives_the_same_projection(desk: Desk, repeats: list[int], back: list[int]) -> None:
    """CL-21 (invariants 3 and 7): every record 1..n times, and older ones again at the end: the same cases and items."""
    ledger = await desk.ledger()
    first = ledger.receivable(500_000, date(2026, 5, 2))
    second = ledger.receivable(700_000, date(2026, 5, 3))
    ledger.overdue(first, date(2026, 5, 6))
    ledger.overdue(second, date(2026, 5, 6))
    payment = ledger.pay(first, 500_000, date(2026, 5, 7))
    ledger.pay(second, 700_000, date(2026, 5, 7))
    ledger.bounce(payment, date(2026, 5, 7))
    todo = [record for record, times in zip(ledger.records, repeats, strict=False) for _ in range(times)]
    todo += [ledger.records[index] for index in back if index < len(ledger.records)]
    await desk.deliver(*todo)
    after = await projection(desk, ledger)
    assert [row[1] for row in after["items"]] == [500_000, 0]
    assert [row[1:] for row in after["cases"]] == [("ACTIVE", 500_000)]


async def test_replay_fills_the_projection_and_publishes_nothing(desk: Desk) -> None:
    """G-02 (design §4): a consumer that replays writes no outbox rows."""
    ledger = await desk.ledger()
    seen = len(ledger.records)
    ledger.overdue(ledger.receivable(500_000, date(2026, 5, 2)), date(2026, 5, 6))
    async with desk.service.database.transaction() as session:
        before = await session.scalar(text("SELECT count(*) FROM outbox"))
        for record in ledger.records[seen:]:
            await handle_wave(
                session, desk.service.clock, Handlers(consumers.handle, consumers.handle_key, replaying=True), [record]
            )
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == before
    assert (await projection(desk, ledger))["cases"][0][1] == "ACTIVE"


async def test_migrations_and_tables_agree(desk: Desk) -> None:
    """G-02."""
    url = desk.service.database.engine.url.render_as_string(hide_password=False)
    assert await differences(url, METADATA) == []


async def test_a_customer_nobody_reaches_is_lost_once(desk: Desk) -> None:
    """CL-28: three failures in a row on every verified point, told once."""
    ledger, _, case = await desk.overdue_case()
    for number in range(4):
        answer = await desk.collector.post("/contact-checks", desk.wish(ledger, case))
        if not answer["allow"]:
            desk.service.clock.move_to(desk.service.clock.now() + timedelta(days=1))
            answer = await desk.collector.post("/contact-checks", desk.wish(ledger, case))
        while not answer["allow"]:
            desk.service.clock.move_to(desk.service.clock.now() + timedelta(hours=13))
            answer = await desk.collector.post("/contact-checks", desk.wish(ledger, case))
        attempt = await desk.collector.post("/attempts", {"token": answer["token"]}, expect=201)
        await desk.collector.post(f"/attempts/{attempt['id']}/start")
        await desk.collector.post(f"/attempts/{attempt['id']}/finish", {"outcome": "NO_ANSWER"})
        assert (await desk.events(case)).count("customer.lost_contact") == (number >= 2)
