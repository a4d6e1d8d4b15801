"""May this person be contacted now: the decision is stored, a refusal is announced, an allowance gives a token (CL-34)."""

import base64
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.collection import ComplianceRefused
from shared.records.sealing import KeyRing, seal_of
from shared.records.work import Work
from shared.values.calendar import china_calendar
from shared.values.errors import Conflict, Forbidden, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, select

from collection_service.domain.compliance.engine import evaluate
from collection_service.domain.compliance.facts import History, Known, Verdict, Wish
from collection_service.domain.policy import POLICY
from collection_service.storage.attempts import add_decision, history_of, lock_frequency
from collection_service.storage.cases import LockedCase, lock_case, pauses_of, promises_of
from collection_service.storage.copies import customer_of, items_of, ledger_version
from collection_service.storage.tables.copies import contact_point, person

FITS = {"CALL": {"PHONE", "MOBILE"}, "SMS": {"MOBILE"}, "WECHAT": {"WECHAT", "MOBILE"}, "EMAIL": {"EMAIL"},
        "LETTER": {"ADDRESS"}, "VISIT": {"ADDRESS"}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """The stored decision; `token` only when it allows."""

    decision_id: UUID
    wish: Wish
    verdict: Verdict
    token: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """Everything that a decision stands on, and the number's blind index."""

    case: LockedCase
    known: Known
    history: History
    number_idx: bytes | None


async def check_contact(work: Work, ring: KeyRing, wish: Wish) -> CheckAnswer:
    """Errors: 404 outside the caller's scope."""
    looked = await look(work, ring, wish)
    verdict = evaluate(wish, looked.known, looked.history, china_calendar(), work.now)
    answer = await decide(work, ring, looked, wish, verdict)
    await looked.case.announce()
    return answer


async def look(work: Work, ring: KeyRing, wish: Wish) -> Looked:
    """Read all facts under the frequency locks: customer first, then the number."""
    case = await lock_case(work, wish.case_id)
    human, point = await _human(work, case.row.customer_id, wish)
    seal = await seal_of(work.session, ring, case.row.customer_id)
    number = seal.open(point.value)
    number_idx = ring.blind_index("phone", number) if number else None
    await lock_frequency(work.session, case.row.customer_id, number_idx)
    history = await history_of(work.session, case.row.customer_id, number_idx, work.now)
    return Looked(case, await _known(work, case, human, point, wish.channel), history, number_idx)


async def decide(work: Work, ring: KeyRing, looked: Looked, wish: Wish, verdict: Verdict) -> CheckAnswer:
    """Store the decision; tell a refusal."""
    decision_id = new_id()
    expires_at = work.now + POLICY.token_life if verdict.allow else None
    values = {
        "id": decision_id,
        "case_id": wish.case_id,
        "collector_id": work.actor.id,
        "request": _plain(asdict(wish)),
        "ruleset": verdict.ruleset,
        "allow": verdict.allow,
        "reasons": _plain(verdict.reasons),
        "at": work.now,
        "expires_at": expires_at,
    }
    await add_decision(work.session, values)
    if not verdict.allow:
        rule_ids = list(dict.fromkeys(reason["rule_id"] for reason in verdict.reasons))
        looked.case.fact(
            ComplianceRefused,
            decision_id=decision_id,
            reasons=_plain(verdict.reasons),
            rule_ids=rule_ids,
            collector_id=work.actor.id,
        )
        return CheckAnswer(decision_id, wish, verdict)
    token = _signed(ring, _claims(work, looked, wish, verdict, decision_id, expires_at))
    return CheckAnswer(decision_id, wish, verdict, token, expires_at)


def read_token(work: Work, ring: KeyRing, token: str) -> dict[str, Any]:
    """The claims of a token. Errors: 409 `TOKEN_MISMATCH`, `TOKEN_EXPIRED`; 403 `TOKEN_OF_ANOTHER`."""
    body, _, signature = token.partition(".")
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError:
        raw = b""
    if not raw or not hmac.compare_digest(signature, _signature(ring, raw)):
        raise Conflict("TOKEN_MISMATCH", "this token was not given out here")
    claims: dict[str, Any] = json.loads(raw)
    if claims["collector"] != str(work.actor.id):
        raise Forbidden("TOKEN_OF_ANOTHER", "the token belongs to another collector")
    if datetime.fromisoformat(claims["exp"]) <= work.now:
        raise Conflict("TOKEN_EXPIRED", "the check is too old: check again")
    return claims


async def _human(work: Work, customer_id: UUID, wish: Wish) -> tuple[Row[Any], Row[Any]]:
    one = select(person).where(person.c.id == wish.person_id, person.c.customer_id == customer_id)
    human = (await work.session.execute(one)).first()
    mine = select(contact_point).where(contact_point.c.id == wish.contact_point_id, contact_point.c.person_id == wish.person_id)
    point = (await work.session.execute(mine)).first()
    if human is None or point is None:
        raise Missing(detail="no such person or contact point of this customer")
    return human, point


async def _known(work: Work, case: LockedCase, human: Row[Any], point: Row[Any], channel: str) -> Known:
    session, customer_id = work.session, case.row.customer_id
    copy = await customer_of(session, customer_id)
    items = await items_of(session, customer_id)
    pauses = [row.kind for row in await pauses_of(session, case.row.id) if not row.receivable_ids and row.from_on <= work.day]
    promises = await promises_of(session, case.row.id)
    pursued = sum(item.pursued_fen for item in items)
    if any(item.open_fen for item in items) and not pursued:
        pauses.append("DISPUTE")
    return Known(
        legal_form=copy.legal_form,
        role=human.role,
        zone=human.zone,
        pursued_fen=pursued,
        case_state=case.row.state,
        promise_open=any(row.state == "OPEN" for row in promises),
        pauses=tuple(pauses),
        verified=point.verified_at is not None,
        point_valid=point.invalid_at is None and point.current and human.current,
        point_fits_channel=point.kind in FITS[channel],
        opted_out=frozenset(human.opted_out),
        refused=human.refused_at is not None,
        ledger_version=await ledger_version(session, customer_id),
    )


def _claims(
    work: Work, looked: Looked, wish: Wish, verdict: Verdict, decision_id: UUID, expires_at: datetime | None
) -> dict[str, Any]:
    return {
        "decision": decision_id,
        "collector": work.actor.id,
        "wish": asdict(wish),
        "ledger": looked.known.ledger_version,
        "ruleset": verdict.ruleset,
        "exp": expires_at,
    }


def _signed(ring: KeyRing, claims: dict[str, Any]) -> str:
    raw = json.dumps(claims, default=_text, ensure_ascii=False).encode()
    return f"{base64.urlsafe_b64encode(raw).decode().rstrip('=')}.{_signature(ring, raw)}"


def _signature(ring: KeyRing, raw: bytes) -> str:
    return ring.blind_index("contact-token", raw.decode()).hex()


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=_text))


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
