"""`/contact-checks`: may this person be contacted now."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.web.bodies import Body, Paragraph, Word
from shared.web.commands import CommandRoute, command
from shared.web.runtime import runtime_of

from collection_service.domain.compliance.facts import Wish
from collection_service.storage.cases import case_of
from collection_service.use_cases.check_contact import CheckAnswer, check_contact

router = APIRouter(prefix="/api/v1/contact-checks", tags=["contact-checks"], route_class=CommandRoute)
Channel = Literal["CALL", "SMS", "WECHAT", "EMAIL", "LETTER", "VISIT"]


class CheckIn(Body):
    """Whom, over which point, how, why, and with which words."""

    case_id: UUID
    contact_person_id: UUID
    contact_point_id: UUID
    channel: Channel
    purpose: Literal["REMIND", "NEGOTIATE", "VERIFY", "LEGAL_NOTICE"] = "REMIND"
    template_version: Word | None = Field(None, description="the script or template used; this or `text`")
    text: Paragraph | None = None


class CheckOut(BaseModel):
    """Allowed with a token for five minutes, or refused with every failing rule and when to try again."""

    allow: bool
    decision_id: UUID
    case_id: UUID
    customer_id: UUID
    ruleset: str
    retry_at: datetime | None
    reasons: list[dict[str, Any]]
    obligations: list[str]
    token: str | None
    expires_at: datetime | None


@router.post("", response_model=CheckOut)
async def check(request: Request, body: CheckIn, work: Work = command("contact:check")) -> dict[str, Any]:
    """Check a contact (合规催收, CL-34): 200 also when it is refused. Errors: 404."""
    case = await case_of(work, body.case_id)
    wish = Wish(
        body.case_id,
        case.customer_id,
        body.contact_person_id,
        body.contact_point_id,
        body.channel,
        body.purpose,
        body.template_version,
        body.text,
    )
    return _shown(await check_contact(work, runtime_of(request).ring, wish))


def _shown(answer: CheckAnswer) -> dict[str, Any]:
    verdict = answer.verdict
    return {
        "allow": verdict.allow,
        "decision_id": answer.decision_id,
        "case_id": answer.wish.case_id,
        "customer_id": answer.wish.customer_id,
        "ruleset": verdict.ruleset,
        "retry_at": verdict.retry_at,
        "reasons": verdict.reasons,
        "obligations": verdict.obligations,
        "token": answer.token,
        "expires_at": answer.expires_at,
    }
