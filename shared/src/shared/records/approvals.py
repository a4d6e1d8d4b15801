"""Approvals (审批): ordered steps, each by another person, on content that no longer changes (G-08)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.records.tables import approval_step
from shared.records.work import Work
from shared.values.errors import Conflict, Forbidden

PROPOSAL = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One decision: who (`actor_id`), for whom (`principal_id`, the delegator under a delegation), what, why and when."""

    step: int
    actor_id: UUID
    principal_id: UUID
    decision: str
    comment: str
    content_sha256: bytes
    at: datetime

    def shown(self) -> dict[str, Any]:
        """The step as an answer shows it: person, date, opinion, outcome (审批人员、批准日期、意见)."""
        delegated = self.principal_id if self.principal_id != self.actor_id else None
        return {
            "step": self.step,
            "actor_id": self.actor_id,
            "on_behalf_of": delegated,
            "decision": self.decision,
            "comment": self.comment,
            "at": self.at,
        }


async def steps_of(session: AsyncSession, subject: str) -> list[Step]:
    """The steps of a subject in order, the proposal first."""
    rows = await session.execute(select(approval_step).where(approval_step.c.subject == subject).order_by(approval_step.c.step))
    return [Step(*(row._mapping[name] for name in Step.__slots__)) for row in rows]


async def record_step(work: Work, subject: str, step: int, decision: str, *, comment: str = "", content_sha256: bytes) -> Step:
    """Add the next step of a subject, whose row the caller has locked.

    Errors: 403 `SELF_APPROVAL` when the actor, or the one he stands for, already acted on the subject (through a
    delegation too); 409 `STEP_OUT_OF_ORDER`; 409 `CONTENT_CHANGED` when the content is not the proposed one.
    """
    taken = await steps_of(work.session, subject)
    involved = {work.actor.id, work.principal_id}
    if any(involved & {earlier.actor_id, earlier.principal_id} for earlier in taken):
        raise Forbidden("SELF_APPROVAL", "nobody decides twice on one subject, nor on an own request", subject=subject)
    if step != len(taken):
        raise Conflict("STEP_OUT_OF_ORDER", f"the next step is {len(taken)}", expected=len(taken), got=step)
    if taken and taken[PROPOSAL].content_sha256 != content_sha256:
        raise Conflict("CONTENT_CHANGED", "the content is not the one that was proposed", subject=subject)
    new = Step(step, work.actor.id, work.principal_id, decision, comment, content_sha256, work.now)
    row = {name: getattr(new, name) for name in Step.__slots__}
    await work.session.execute(insert(approval_step).values(subject=subject, **row))
    return new
