"""`/payment-promises`: cancel one."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from shared.records.work import Work
from shared.web.bodies import Body, Line
from shared.web.commands import CommandRoute, command

from collection_service.api.cases import PromiseOut
from collection_service.use_cases.take_promise import cancel_promise

router = APIRouter(prefix="/api/v1/payment-promises", tags=["payment-promises"], route_class=CommandRoute)


class CancelIn(Body):
    """Why."""

    reason: Line


@router.post("/{promise_id}/cancel", response_model=PromiseOut)
async def cancel(promise_id: UUID, body: CancelIn, work: Work = command("promise:cancel")) -> dict[str, Any]:
    """A supervisor takes a promise off. Errors: 404; 409 `PROMISE_DECIDED`."""
    row = await cancel_promise(work, promise_id, body.reason)
    return {name: row._mapping[name] for name in PromiseOut.model_fields}
