"""`/credit-reports`: aging."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from shared.records.work import Work
from shared.web.bodies import Day
from shared.web.commands import query

from credit_service.domain.aging import BUCKETS
from credit_service.storage.aging import aging_by_customer

router = APIRouter(prefix="/api/v1/credit-reports", tags=["credit-reports"])


class AgingOut(BaseModel):
    """Open principal by bucket of days past due, in fen; the total is the receivables balance of the day."""

    as_of: date
    total_fen: int
    buckets: dict[str, int]
    customers: list[dict[str, Any]]


@router.get("/aging", response_model=AgingOut)
async def aging(as_of: Day | None = None, work: Work = query("ledger:read")) -> dict[str, Any]:
    """The aging of receivables (账龄分析, CL-04) at the end of a day."""
    day = as_of or work.day
    rows = await aging_by_customer(work, day)
    buckets = {name: sum(row["open_fen"] for row in rows if row["bucket"] == name) for name in BUCKETS}
    return {"as_of": day, "total_fen": sum(buckets.values()), "buckets": buckets, "customers": rows}
