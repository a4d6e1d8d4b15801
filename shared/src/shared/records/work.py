"""The unit of work that a use case is handed: a session, the time, who acts, and what caused it."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.records.principal import SYSTEM, Grant, Principal
from shared.values.calendar import business_day
from shared.values.ids import new_id


@dataclass(frozen=True, slots=True)
class Trace:
    """What this work belongs to: one correlation id through all services, the event that caused it, its depth."""

    correlation_id: str = field(default_factory=lambda: str(new_id()))
    causation_id: str | None = None
    depth: int = 0
    traceparent: str | None = None

    def caused_by(self, event_id: str) -> "Trace":
        """The trace of the work that an event starts."""
        return replace(self, causation_id=event_id, depth=self.depth + 1)


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction's worth of work. Use cases read and write through `session` and never commit.

    `grant` is the permission under which the command runs (None for the suite's own jobs and consumers);
    `replaying` marks a consumer that rebuilds projections: it writes no outbox rows and plans no outreach.
    """

    session: AsyncSession
    now: datetime
    actor: Principal = SYSTEM
    trace: Trace = field(default_factory=Trace)
    grant: Grant | None = None
    replaying: bool = False

    @property
    def day(self) -> date:
        """The business day of `now` in Asia/Shanghai."""
        return business_day(self.now)

    @property
    def principal_id(self) -> UUID:
        """For whom the command counts: the delegator under a delegation, else the actor."""
        delegator = self.grant.on_behalf_of if self.grant else None
        return delegator or self.actor.id
