"""Attempts: reserved with a token, started, finished with an outcome (CL-23, CL-26)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.collection import ContactAttempted, CustomerLostContact
from shared.records.sealing import KeyRing
from shared.records.work import Work
from shared.values.calendar import china_calendar
from shared.values.errors import Conflict, Invalid, Missing, Refused
from shared.values.ids import new_id
from sqlalchemy import Row

from collection_service.domain.compliance.content import forbidden_spans
from collection_service.domain.compliance.engine import evaluate
from collection_service.domain.compliance.facts import Wish
from collection_service.domain.policy import POLICY
from collection_service.storage.attempts import (
    add_attempt,
    add_decision,
    change_attempt,
    failed_in_a_row,
    lock_attempt,
    spend_decision,
)
from collection_service.storage.cases import LockedCase, case_of, lock_case
from collection_service.storage.copies import persons_of, points_of
from collection_service.use_cases.check_contact import decide, look, read_token
from collection_service.use_cases.invalidate_point import invalidate_point, remember_refusal

EFFECTIVE = {"SPOKE_DEBTOR", "SPOKE_THIRD", "REFUSED", "PROMISE", "DISPUTE"}
NEXT_ACTION = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Finish:
    """What came of it."""

    outcome: str
    note: str
    next_action_at: datetime | None = None


async def reserve_attempt(work: Work, ring: KeyRing, token: str) -> Row[Any] | Refused:
    """Evaluate again under the locks and reserve. Errors: 403 `TOKEN_OF_ANOTHER`; 409 `TOKEN_EXPIRED`, `TOKEN_MISMATCH`, and
    `CONTACT_REFUSED {reasons}` (stored and announced)."""
    claims = read_token(work, ring, token)
    wish = _wish(claims["wish"])
    looked = await look(work, ring, wish)
    if looked.known.ledger_version != claims["ledger"]:
        raise Conflict("TOKEN_MISMATCH", "the ledger has moved since the check: check again")
    if not await spend_decision(work.session, UUID(claims["decision"])):
        raise Conflict("TOKEN_MISMATCH", "the token was used already")
    verdict = evaluate(wish, looked.known, looked.history, china_calendar(), work.now)
    answer = await decide(work, ring, looked, wish, verdict)
    if not verdict.allow:
        await looked.case.announce()
        return Refused(
            Conflict(
                "CONTACT_REFUSED",
                "the contact is not allowed (any more)",
                reasons=verdict.reasons,
                retry_at=verdict.retry_at,
                decision_id=answer.decision_id,
            )
        )
    return await add_attempt(work.session, _values(work, looked.case, wish, answer.decision_id, looked.number_idx))


async def record_inbound(work: Work, case_id: UUID, started_at: datetime, channel: str, person_id: UUID | None) -> Row[Any]:
    """The customer came to us: always allowed, always logged."""
    case = await lock_case(work, case_id)
    if started_at > work.now:
        raise Invalid("STARTED_IN_FUTURE", "a contact cannot begin after now")
    decision_id = new_id()
    decision = {
        "id": decision_id,
        "case_id": case_id,
        "collector_id": work.actor.id,
        "request": {"direction": "INBOUND", "channel": channel},
        "ruleset": "core.inbound",
        "allow": True,
        "reasons": [],
        "at": work.now,
        "spent": True,
    }
    await add_decision(work.session, decision)
    values = {
        "id": new_id(),
        "case_id": case_id,
        "customer_id": case.row.customer_id,
        "contact_person_id": person_id,
        "channel": channel,
        "direction": "INBOUND",
        "decision_id": decision_id,
        "collector_id": work.actor.id,
        "reserved_at": work.now,
        "started_at": started_at,
        "state": "started",
    }
    return await add_attempt(work.session, values)


async def start_attempt(work: Work, attempt_id: UUID) -> Row[Any]:
    """The line is dialled. Errors: 404; 409 `ATTEMPT_VOID` five minutes after the reservation, `ILLEGAL_ACTION`."""
    row = await _mine(work, attempt_id)
    if row.state != "reserved":
        raise Conflict("ILLEGAL_ACTION", f"start is not possible in {row.state}", action="start", allowed=_allowed(row.state))
    if row.reserved_at + POLICY.reservation_life <= work.now:
        raise Conflict("ATTEMPT_VOID", "the reservation has run out: check again")
    return await change_attempt(work.session, attempt_id, state="started", started_at=work.now)


async def finish_attempt(work: Work, attempt_id: UUID, finish: Finish) -> Row[Any]:
    """Store the outcome and what follows from it. Errors: 404; 409 `ILLEGAL_ACTION`; 422 `CONTENT_FORBIDDEN`."""
    spans = forbidden_spans(finish.note)
    if spans:
        raise Invalid("CONTENT_FORBIDDEN", "the note names a forbidden measure", spans=spans)
    row = await _mine(work, attempt_id)
    if row.state != "started":
        raise Conflict("ILLEGAL_ACTION", f"finish is not possible in {row.state}", action="finish", allowed=_allowed(row.state))
    case = await lock_case(work, row.case_id)
    next_action = finish.next_action_at or work.now + NEXT_ACTION
    ended = await change_attempt(
        work.session,
        attempt_id,
        state="finished",
        ended_at=work.now,
        outcome=finish.outcome,
        effective=finish.outcome in EFFECTIVE and row.direction == "OUTBOUND",
        note=finish.note,
        next_action_at=next_action,
    )
    await case.change(next_action_at=next_action, last_contact_person_id=row.contact_person_id or case.row.last_contact_person_id)
    case.fact(
        ContactAttempted,
        attempt_id=row.id,
        channel=row.channel,
        direction=row.direction,
        outcome=finish.outcome,
        at=work.now,
    )
    await _follow_up(work, case, ended)
    await case.announce()
    return ended


async def _follow_up(work: Work, case: LockedCase, row: Row[Any]) -> None:
    if row.outcome == "WRONG_PARTY" and row.contact_point_id:
        await invalidate_point(work, case.row.org_unit_id, case.row.customer_id, row.contact_point_id)
    if row.outcome == "REFUSED" and row.contact_person_id:
        await remember_refusal(work, row.contact_person_id)
    if row.outcome in {"NO_ANSWER", "BUSY", "BOUNCED"}:
        await _watch_lost_contact(work, case)


async def _watch_lost_contact(work: Work, case: LockedCase) -> None:
    """Three failed attempts on every verified point: the customer is lost (失联, CL-28), told when the last point fails."""
    persons = await persons_of(work.session, case.row.customer_id)
    points = [row for row in await points_of(work.session, [row.id for row in persons]) if row.verified_at and not row.invalid_at]
    fails = await failed_in_a_row(work.session, [row.id for row in points])
    total = POLICY.lost_contact_fails * len(fails)
    if fails and min(fails.values()) == POLICY.lost_contact_fails and sum(fails.values()) >= total:
        case.fact(CustomerLostContact, attempts=sum(fails.values()))


async def _mine(work: Work, attempt_id: UUID) -> Row[Any]:
    row = await lock_attempt(work.session, attempt_id)
    if row is None:
        raise Missing
    await case_of(work, row.case_id)
    return row


def _allowed(state: str) -> Sequence[str]:
    return {"reserved": ["start"], "started": ["finish"]}.get(state, [])


def _wish(claims: dict[str, Any]) -> Wish:
    ids = {name: UUID(claims[name]) for name in ("case_id", "customer_id", "person_id", "contact_point_id")}
    return Wish(**claims | ids)


def _values(work: Work, case: LockedCase, wish: Wish, decision_id: UUID, number_idx: bytes | None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "case_id": wish.case_id,
        "customer_id": case.row.customer_id,
        "contact_person_id": wish.person_id,
        "contact_point_id": wish.contact_point_id,
        "number_idx": number_idx,
        "channel": wish.channel,
        "direction": "OUTBOUND",
        "decision_id": decision_id,
        "collector_id": work.actor.id,
        "template_version": wish.template_version,
        "reserved_at": work.now,
        "state": "reserved",
    }
