"""Aging of receivables (账龄分析, CL-04): buckets by days past due."""

from datetime import date

BY_DUE = (
    ("NOT_DUE", 0),
    ("1-30", 30),
    ("31-60", 60),
    ("61-90", 90),
    ("91-180", 180),
    ("181-365", 365),
)
LAST = ">365"
BUCKETS = (*(name for name, _ in BY_DUE), LAST)


def bucket(due_on: date, as_of: date) -> str:
    """The bucket of an item at the end of `as_of`: not due while `as_of` ≤ `due_on`."""
    days = (as_of - due_on).days
    return next((name for name, last in BY_DUE if days <= last), LAST)
