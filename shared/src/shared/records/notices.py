"""Notices (通知): what a person must know, written in the business transaction (G-30)."""

from uuid import UUID

from sqlalchemy import insert, select, update

from shared.records.tables import notice
from shared.records.work import Work
from shared.values.errors import Missing
from shared.values.ids import new_id


async def notify(work: Work, recipient_id: UUID, kind: str, subject: str, text: str, *, urgent: bool = False) -> None:
    """One notice for one person; a rolled-back command leaves none."""
    row = {
        "id": new_id(),
        "recipient_id": recipient_id,
        "kind": kind,
        "subject": subject,
        "text": text,
        "urgent": urgent,
    }
    await work.session.execute(insert(notice).values(created_at=work.now, **row))


async def read_notice(work: Work, notice_id: UUID) -> None:
    """Mark an own notice as read, once. Errors: 404 when it is another person's."""
    mine = (notice.c.id == notice_id) & (notice.c.recipient_id == work.actor.id)
    if not await work.session.scalar(select(notice.c.id).where(mine)):
        raise Missing
    await work.session.execute(update(notice).where(mine, notice.c.read_at.is_(None)).values(read_at=work.now))
