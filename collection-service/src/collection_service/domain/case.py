"""The case's transition table, as data: what may happen in which state."""

from dataclasses import dataclass
from typing import Any, Literal

from shared.values.errors import Conflict

State = Literal["ACTIVE", "PROMISED", "PLAN", "LEGAL", "CLOSED"]
OPEN: tuple[State, ...] = ("ACTIVE", "PROMISED", "PLAN", "LEGAL")


@dataclass(frozen=True, slots=True)
class Transition:
    """From a state, by an action (a person's or an event's), to a state; `emits` is the event that says so."""

    source: State
    action: str
    target: State
    emits: str
    by_person: bool = False


TABLE = (
    Transition("ACTIVE", "promise", "PROMISED", "collection.promise.made", by_person=True),
    Transition("PROMISED", "keep", "ACTIVE", "collection.promise.kept"),
    Transition("PROMISED", "break", "ACTIVE", "collection.promise.broken"),
    Transition("PROMISED", "cancel-promise", "ACTIVE", "collection.promise.cancelled", by_person=True),
    Transition("ACTIVE", "close", "CLOSED", "collection.case.closed"),
    Transition("PROMISED", "close", "CLOSED", "collection.case.closed"),
    Transition("PLAN", "close", "CLOSED", "collection.case.closed"),
    Transition("LEGAL", "close", "CLOSED", "collection.case.closed"),
    Transition("CLOSED", "reopen", "ACTIVE", "collection.case.reopened"),
    *(Transition(state, "assign", state, "collection.case.assigned", by_person=True) for state in OPEN),
    *(Transition(state, "pause", state, "collection.case.paused", by_person=True) for state in OPEN),
)


def step(state: State, action: str) -> Transition:
    """The row of the table. Errors: 409 `ILLEGAL_ACTION` with `from`, `action`, `allowed`."""
    for row in TABLE:
        if (row.source, row.action) == (state, action):
            return row
    facts: dict[str, Any] = {"from": state, "action": action, "allowed": allowed_actions(state)}
    raise Conflict("ILLEGAL_ACTION", f"{action} is not possible in {state}", **facts)


def allowed_actions(state: State) -> list[str]:
    """What a person may do now, from the same table that refuses the rest."""
    return [row.action for row in TABLE if row.source == state and row.by_person]
