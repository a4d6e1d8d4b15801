"""Line applications (授信申请) and their approval chain of art. 10, as data."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from shared.values.calendar import add_months
from shared.values.errors import Conflict, Invalid

from credit_service.domain.policy import CreditPolicy

Kind = Literal["NEW", "INCREASE", "DECREASE", "TERM", "UNRATED", "EXCEPTION", "BELOW_GRADE"]
State = Literal["DRAFT", "SUBMITTED", "SALES_VP", "FINANCE", "APPROVED", "EFFECTIVE", "REJECTED", "WITHDRAWN", "LAPSED"]
Action = Literal["submit", "review-sales", "review-finance", "approve", "reject", "withdraw"]
NEEDS_LINE = frozenset({"INCREASE", "DECREASE", "TERM"})
ON_ITS_OWN_LIMIT = frozenset({"EXCEPTION", "UNRATED", "BELOW_GRADE"})


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: from a state, by an action, under a permission, to a state."""

    source: State
    action: Action
    permission: str
    target: State


CHAIN = (
    Transition("DRAFT", "submit", "line:propose", "SUBMITTED"),
    Transition("SUBMITTED", "review-sales", "line:review_sales", "SALES_VP"),
    Transition("SALES_VP", "review-finance", "line:review_finance", "FINANCE"),
    Transition("FINANCE", "approve", "line:approve", "APPROVED"),
    Transition("SUBMITTED", "reject", "line:review_sales", "REJECTED"),
    Transition("SALES_VP", "reject", "line:review_finance", "REJECTED"),
    Transition("FINANCE", "reject", "line:approve", "REJECTED"),
    Transition("DRAFT", "withdraw", "line:propose", "WITHDRAWN"),
    Transition("SUBMITTED", "withdraw", "line:propose", "WITHDRAWN"),
    Transition("SALES_VP", "withdraw", "line:propose", "WITHDRAWN"),
    Transition("FINANCE", "withdraw", "line:propose", "WITHDRAWN"),
)
SHORT_CHAIN = (
    *(row for row in CHAIN if row.source in {"DRAFT", "SUBMITTED"} and row.action != "review-sales"),
    Transition("SUBMITTED", "review-sales", "line:review_sales", "APPROVED"),
)
STEP_OF: dict[str, int] = {"submit": 0, "review-sales": 1, "review-finance": 2, "approve": 3}


def chain_of(kind: Kind) -> tuple[Transition, ...]:
    """BELOW_GRADE ends with the sales vice president (销售副总, CR-49); all others pass finance (CR-46)."""
    return SHORT_CHAIN if kind == "BELOW_GRADE" else CHAIN


def allowed_actions(kind: Kind, state: State) -> list[str]:
    """What may be done now, from the same table that refuses the rest."""
    return [row.action for row in chain_of(kind) if row.source == state]


def step(kind: Kind, state: State, action: Action) -> Transition:
    """The row of the table. Errors: 409 `ILLEGAL_ACTION` with `from`, `action`, `allowed`."""
    for row in chain_of(kind):
        if (row.source, row.action) == (state, action):
            return row
    facts: dict[str, Any] = {"from": state, "action": action, "allowed": allowed_actions(kind, state)}
    raise Conflict("ILLEGAL_ACTION", f"{action} is not possible in {state}", **facts)


def approver_of(total_fen: int, term_days: int, policy: CreditPolicy) -> str:
    """Who decides last: finance_vp up to 500,000.00 inclusive (CR-47) and the standard term (CR-48), else general_manager."""
    within = total_fen <= policy.finance_vp_up_to_fen and term_days <= policy.max_term_days
    return "finance_vp" if within else "general_manager"


def may_approve(roles: frozenset[str], total_fen: int, term_days: int, policy: CreditPolicy) -> bool:
    """Whether one of the roles has the authority; the general manager has the finance vice president's too."""
    needed = approver_of(total_fen, term_days, policy)
    return needed in roles or "general_manager" in roles


def check_content(kind: Kind, limit_fen: int, valid_until: date, today: date, policy: CreditPolicy) -> None:
    """Errors: 422 `BELOW_GRADE_LIMIT` above 50,000.00 (CR-49), `VALID_UNTIL_INVALID` beyond 12 months (Q23)."""
    if kind == "BELOW_GRADE" and limit_fen > policy.below_grade_up_to_fen:
        raise Invalid("BELOW_GRADE_LIMIT", "at most 50,000.00 in total", limit_fen=policy.below_grade_up_to_fen)
    if not today < valid_until <= add_months(today, 12):
        raise Invalid("VALID_UNTIL_INVALID", "after today and within 12 months")


def check_effective_from(effective_from: date, approved_on: date) -> None:
    """Errors: 422 `EFFECTIVE_TOO_LATE`: in place within one month of approval (批准后1个月内到位, CR-54)."""
    if not approved_on <= effective_from <= add_months(approved_on, 1):
        raise Invalid("EFFECTIVE_TOO_LATE", "within one month of approval", latest=add_months(approved_on, 1))
