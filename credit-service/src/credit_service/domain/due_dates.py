"""When money is due, and when it is six months old."""

from datetime import date, timedelta

from shared.values.calendar import add_months

from credit_service.domain.policy import CreditPolicy

AGE_MONTHS = 6


def due_on(from_day: date, term_days: int | None, policy: CreditPolicy) -> date:
    """The day of shipment (or of consumption) plus the term; without a term 30 days (自消费日起30日内收回, CL-03)."""
    return from_day + timedelta(days=policy.cash_term_days if term_days is None else term_days)


def aged_on(shipped_on: date) -> date:
    """The last day on which goods count as younger than six calendar months (6个月, CL-05); stored, never inverted."""
    return add_months(shipped_on, AGE_MONTHS)


def limitation_on(due: date, policy: CreditPolicy) -> date:
    """The end of the limitation period (诉讼时效, Civil Code art. 188)."""
    return add_months(due, 12 * policy.limitation_years)
