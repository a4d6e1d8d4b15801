"""`/rulesets`: the contact rules that are in force."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from shared.records.work import Work
from shared.web.commands import query

from collection_service.domain.compliance.rulesets import presets

router = APIRouter(prefix="/api/v1/rulesets", tags=["rulesets"])


class RulesetsOut(BaseModel):
    """The shipped presets; none of them is a statement of legal compliance."""

    items: list[dict[str, Any]]


@router.get("", response_model=RulesetsOut)
async def rulesets(work: Work = query("case:read")) -> dict[str, Any]:
    """Every preset with its version, hours, frequency limits and permitted roles."""
    return {"items": [asdict(ruleset) | {"third_parties": sorted(ruleset.third_parties)} for ruleset in presets().values()]}
