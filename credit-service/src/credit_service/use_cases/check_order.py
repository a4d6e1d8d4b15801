"""The order check (CR-56, CR-57): one statement when everything is plain, otherwise decided on the locked row."""

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.credit_account import OrderHeld, OrderPassed, OrderTrimmed
from shared.messaging.envelope import Stamp, encode_headers
from shared.messaging.outbox import mark_published, payload_of
from shared.records.work import Work
from shared.values.errors import Conflict, Invalid
from shared.values.ids import new_id
from sqlalchemy.exc import IntegrityError

from credit_service.domain.account import Account
from credit_service.domain.hold import Hold
from credit_service.domain.order_check import NO_EXEMPTION, Exemption, Order, OrderDecision, decide_order
from credit_service.domain.policy import POLICY
from credit_service.storage.accounts import LockedAccount, Party, bill_to, lock_account, read_account
from credit_service.storage.holds import add_decision, add_hold, last_hold
from credit_service.storage.payments import earmarked_to
from credit_service.storage.place_hold import NEVER, NewHold, Taking, place_hold, take
from credit_service.storage.receivables import deposit_open, old_items
from credit_service.storage.standing import standing_of
from credit_service.use_cases.earmark_cash import earmark_cash
from credit_service.use_cases.use_override import Granted, find_override, spend_override


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """What is asked: amounts in fen; `as_of` only together with `dry_run`."""

    customer_id: UUID
    order_ref: str
    amount_fen: int
    prepaid_fen: int = 0
    accept_partial: bool = False
    override_id: UUID | None = None
    dry_run: bool = False
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """The verdict with the account it stands on."""

    decision_id: UUID
    party: Party
    decision: OrderDecision
    account: Account
    hold: Hold | None = None


async def check_order(work: Work, asked: OrderCheck) -> OrderAnswer:
    """Decide and hold. Errors: 404; 409 `ORDER_ALREADY_HELD`, `OVERRIDE_USED`; 422 for amounts or dates that cannot be."""
    _check(work, asked)
    party = await bill_to(work, asked.customer_id)
    if asked.dry_run:
        return await _dry_run(work, party, asked)
    if not asked.prepaid_fen and asked.override_id is None:
        answer = await _at_once(work, party, asked)
        if answer is not None:
            return answer
    return await _under_lock(work, party, asked)


def _check(work: Work, asked: OrderCheck) -> None:
    if asked.prepaid_fen > asked.amount_fen:
        raise Invalid("PREPAID_ABOVE_AMOUNT", "the prepaid part is at most the whole")
    if asked.as_of is not None and not asked.dry_run:
        raise Invalid("AS_OF_NEEDS_DRY_RUN", "no command takes a time from its caller")


async def _at_once(work: Work, party: Party, asked: OrderCheck) -> OrderAnswer | None:
    """The hot path: no prepayment, no override, no earmark, every gate open."""
    if await earmarked_to(work.session, party.customer_id, asked.order_ref):
        return None
    new_hold = _new_hold(work, party, asked, asked.amount_fen)
    fact = OrderPassed(
        org_unit_id=party.org_unit_id,
        customer_id=party.customer_id,
        order_ref=asked.order_ref,
        hold_id=new_hold.id,
        amount_fen=asked.amount_fen,
        stage="order",
    )
    stamp = Stamp(new_id(), party.customer_id, None, party.owner_id)
    new = NewHold(
        new_hold.id, new_id(), stamp.event_id, asked.order_ref, _input(asked), POLICY.version, work.actor.id, work.now,
        new_hold.expires_at, fact.type, encode_headers(work, fact, stamp), payload_of(fact),
    )  # fmt: skip
    try:
        async with work.session.begin_nested():
            account = await place_hold(work.session, _taking(work.day, party, asked.amount_fen, 0, NO_EXEMPTION), new)
    except IntegrityError:
        await _refuse_second(work, party, asked.order_ref)
        raise
    if account is None:
        return None
    mark_published(work.session)
    passed = OrderDecision("APPROVED", asked.amount_fen, asked.amount_fen)
    return OrderAnswer(new.decision_id, party, passed, account, new_hold)


async def _under_lock(work: Work, party: Party, asked: OrderCheck) -> OrderAnswer:
    """Decide on the locked row, so that reasons and account agree; a refusal is announced too."""
    account = await lock_account(work, party)
    await _refuse_second(work, party, asked.order_ref)
    granted = await find_override(work, party.customer_id, asked.order_ref, asked.override_id)
    order, decision = await _decide(account, asked, work.day, granted.exemption)
    answer = OrderAnswer(new_id(), party, decision, account.state)
    if decision.verdict in {"APPROVED", "REDUCED"}:
        answer = await _hold(account, asked, order, answer, granted)
    else:
        account.fact(OrderHeld, order_ref=asked.order_ref, verdict=decision.verdict, reasons=_plain(decision.reasons))
    await _record(work, asked, answer)
    await account.announce()
    return replace(answer, account=await read_account(work.session, party.customer_id))


async def _decide(account: LockedAccount, asked: OrderCheck, as_of: date, exemption: Exemption) -> tuple[Order, OrderDecision]:
    session, customer_id = account.work.session, account.party.customer_id
    earmarked = await earmarked_to(session, customer_id, asked.order_ref)
    deposit = await deposit_open(session, customer_id, asked.order_ref)
    order = Order(asked.amount_fen, asked.prepaid_fen, earmarked, asked.accept_partial, deposit)
    items = await old_items(session, customer_id, as_of)
    standing = await standing_of(session, customer_id)
    return order, decide_order(account.state, standing, order, items, as_of, POLICY, exemption)


async def _hold(account: LockedAccount, asked: OrderCheck, order: Order, answer: OrderAnswer, granted: Granted) -> OrderAnswer:
    decision = answer.decision
    taking = _taking(account.work.day, account.party, decision.credit_fen, order.cash_fen, granted.exemption)
    taken = await take(account.work.session, taking)
    if taken is None:
        raise RuntimeError("the statement and the decision disagree about a locked account")
    account.state = taken
    await spend_override(account.work, granted, answer.decision_id)
    await earmark_cash(account, asked.order_ref, order.cash_fen)
    hold = _new_hold(account.work, account.party, asked, decision.credit_fen, order.prepaid_fen)
    hold = replace(hold, override_id=granted.override_id)
    await add_hold(account.work.session, hold)
    if decision.verdict == "REDUCED":
        account.fact(
            OrderTrimmed,
            order_ref=asked.order_ref,
            hold_id=hold.id,
            asked_fen=asked.amount_fen,
            approved_fen=decision.approved_fen,
        )
    else:
        account.fact(OrderPassed, order_ref=asked.order_ref, hold_id=hold.id, amount_fen=asked.amount_fen, stage="order")
    return replace(answer, hold=hold)


async def _dry_run(work: Work, party: Party, asked: OrderCheck) -> OrderAnswer:
    """The same decision, nothing written, nothing held, nothing locked."""
    account = LockedAccount(work, party, await read_account(work.session, party.customer_id))
    granted = await find_override(work, party.customer_id, asked.order_ref, asked.override_id)
    _, decision = await _decide(account, asked, asked.as_of or work.day, granted.exemption)
    return OrderAnswer(new_id(), party, decision, account.state)


async def _refuse_second(work: Work, party: Party, order_ref: str) -> None:
    living = await last_hold(work.session, party.customer_id, order_ref)
    if living is not None and living.is_live:
        raise Conflict("ORDER_ALREADY_HELD", "the order has a living hold", hold_id=living.id)


async def _record(work: Work, asked: OrderCheck, answer: OrderAnswer) -> None:
    await add_decision(
        work.session,
        id=answer.decision_id,
        customer_id=answer.party.customer_id,
        kind="ORDER",
        order_ref=asked.order_ref,
        input=_input(asked),
        verdict=answer.decision.verdict,
        reasons=_plain(answer.decision.reasons),
        account=answer.account.shown(),
        policy=POLICY.version,
        actor_id=work.actor.id,
        at=work.now,
    )


def _taking(day: date, party: Party, credit: int, cash: int, exemption: Exemption) -> Taking:
    due_on = day - timedelta(days=POLICY.grace_days)
    return Taking(
        party.customer_id,
        credit,
        cash,
        exemption.excess_fen,
        NEVER if "LINE_EXPIRED" in exemption.codes else day,
        NEVER if "TERM_EXCEEDED" in exemption.codes else due_on,
        NEVER if "AGE_6M" in exemption.codes else day,
    )


def _new_hold(work: Work, party: Party, asked: OrderCheck, credit: int, prepaid: int = 0) -> Hold:
    expires_at = work.now + POLICY.hold_life
    return Hold(new_id(), party.customer_id, asked.order_ref, credit + prepaid, credit, prepaid, 0, 0, 0, 0, expires_at, "HELD")


def _input(asked: OrderCheck) -> dict[str, Any]:
    return {
        "amount_fen": asked.amount_fen,
        "prepaid_fen": asked.prepaid_fen,
        "accept_partial": asked.accept_partial,
        "override_id": str(asked.override_id) if asked.override_id else None,
    }


def _plain(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasons as plain JSON values."""
    return json.loads(json.dumps(reasons, default=str))
