"""Whether the service lives, whether it is ready, and what it measures."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from shared.values.errors import Unavailable
from shared.web.runtime import Runtime, runtime_of

router = APIRouter(tags=["health"], include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """Database and background loops work; a bus that is away does not make HTTP unready. Errors: 503 `NOT_READY`."""
    complaints = await _complaints(runtime_of(request))
    if complaints:
        raise Unavailable("NOT_READY", "; ".join(complaints), retry_after=2)
    return {"status": "ready"}


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus text."""
    return Response(runtime_of(request).metrics.exposition(), media_type="text/plain; version=0.0.4")


async def _complaints(runtime: Runtime) -> list[str]:
    complaints = [f"{loop}: {why}" for loop, why in runtime.broken.items()]
    try:
        async with runtime.database.transaction() as session:
            await session.execute(text("SELECT 1"))
    except Exception as error:
        complaints.append(f"database: {type(error).__name__}")
    return complaints
