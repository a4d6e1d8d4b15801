"""Assign, pause and resume a case."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.collection import CaseAssigned, CasePaused, CaseResumed
from shared.records.audit import write_audit
from shared.records.notices import notify
from shared.records.work import Work
from shared.values.errors import Conflict, Invalid, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, select

from collection_service.domain.case import step
from collection_service.domain.compliance.content import forbidden_spans
from collection_service.domain.policy import POLICY
from collection_service.storage.cases import add_pause, change_pause, lock_case
from collection_service.storage.tables.cases import pause


@dataclass(frozen=True, slots=True)
class NewPause:
    """Why outreach stands still, for how long, for which items (none: all)."""

    kind: str
    from_on: date
    to_on: date
    reason: str
    receivable_ids: tuple[UUID, ...] = ()
    source_ref: str | None = None


async def assign_case(work: Work, case_id: UUID, collector_id: UUID) -> Row[Any]:
    """Give the case to a collector, who gets a notice. Errors: 404; 409 `ILLEGAL_ACTION`."""
    case = await lock_case(work, case_id)
    step(case.row.state, "assign")
    before = str(case.row.collector_id)
    await case.change(collector_id=collector_id)
    case.fact(CaseAssigned, collector_id=collector_id)
    await notify(work, collector_id, "case_assigned", case.row.number, "a case is yours")
    await write_audit(work, "case", case_id, "assign", before={"collector_id": before}, after={"collector_id": str(collector_id)})
    await case.announce()
    return case.row


async def pause_case(work: Work, case_id: UUID, new: NewPause) -> Row[Any]:
    """At most 30 days. Errors: 404; 409 `ILLEGAL_ACTION`; 422 `PAUSE_DATES`, `CONTENT_FORBIDDEN`."""
    if forbidden_spans(new.reason):
        raise Invalid("CONTENT_FORBIDDEN", "the reason names a forbidden measure", spans=forbidden_spans(new.reason))
    if not new.from_on <= new.to_on <= new.from_on + timedelta(days=POLICY.pause_days):
        raise Invalid("PAUSE_DATES", f"at most {POLICY.pause_days} days")
    case = await lock_case(work, case_id)
    step(case.row.state, "pause")
    values = {name: getattr(new, name) for name in NewPause.__slots__}
    values |= {
        "id": new_id(),
        "case_id": case_id,
        "receivable_ids": list(new.receivable_ids),
        "state": "active",
        "set_by": work.actor.id,
    }
    row = await add_pause(work.session, values)
    told = {name: values[name] for name in ("kind", "receivable_ids", "from_on", "to_on", "source_ref")}
    case.fact(CasePaused, pause_id=row.id, **told)
    await write_audit(work, "case", case_id, "pause", after={"kind": new.kind}, reason=new.reason)
    await case.announce()
    return row


async def resume_case(work: Work, pause_id: UUID) -> Row[Any]:
    """A supervisor ends a pause. Errors: 404; 409 `PAUSE_ENDED`."""
    known = (await work.session.execute(select(pause).where(pause.c.id == pause_id))).first()
    if known is None:
        raise Missing
    case = await lock_case(work, known.case_id)
    row = (await work.session.execute(select(pause).where(pause.c.id == pause_id).with_for_update())).one()
    if row.state == "ended":
        raise Conflict("PAUSE_ENDED", "the pause has ended")
    changed = await change_pause(work.session, pause_id, state="ended")
    case.fact(CaseResumed, pause_id=pause_id, decided_by=work.actor.id)
    await write_audit(work, "case", known.case_id, "resume")
    await case.announce()
    return changed
