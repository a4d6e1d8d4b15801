"""`/meta`, `/openapi.json`, `/roles`, `/docs`: what the suite says about itself."""

import json
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request, Response
from shared.contracts import REGISTRY
from shared.records.work import Work
from shared.values.errors import Missing
from shared.web.commands import query
from starlette.responses import FileResponse, HTMLResponse

from gateway.domain.roles import role_table

router = APIRouter(prefix="/api/v1", tags=["meta"])
pages = APIRouter(include_in_schema=False)
ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
CSP = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head><body><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>"""
START = "SwaggerUIBundle({url: '/api/v1/openapi.json', dom_id: '#ui', deepLinking: true, persistAuthorization: true})"


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """One description of all HTTP interfaces (G-23)."""
    return Response(json.dumps(request.app.state.portal.document(), ensure_ascii=False), media_type="application/json")


@router.get("/meta/events")
async def event_catalogue() -> dict[str, list[dict[str, Any]]]:
    """Every event with topic, type, aggregate, consumers and JSON Schema (G-23)."""
    return {"items": [_described(name) for name in sorted(REGISTRY)]}


@router.get("/meta/roles")
async def roles() -> dict[str, Any]:
    """Every role with its titles and what it may do, the bands and the separated duties (G-05)."""
    return _roles()


@router.get("/roles")
async def role_list(work: Work = query("identity:own")) -> dict[str, Any]:
    """The same, for signed-in callers."""
    return _roles()


@pages.get("/docs")
async def docs() -> Response:
    """The API's page: everything it loads comes from here."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": CSP})


@pages.get("/docs/start.js")
async def start_script() -> Response:
    """What starts the page."""
    return Response(START, media_type="text/javascript")


@pages.get("/docs/{name}")
async def asset(name: str) -> Response:
    """Swagger UI's own files, out of a Python package."""
    if name not in ASSETS:
        raise Missing
    return FileResponse(str(files("fastapi_offline") / "static" / name), media_type=ASSETS[name])


def _roles() -> dict[str, Any]:
    table = role_table()
    items = [{"role": role, "zh": zh, "en": en, "permissions": dict(table.grants[role])} for role, (zh, en) in table.titles.items()]
    return {
        "version": table.version,
        "items": items,
        "bands": table.bands,
        "separation": sorted(sorted(pair) for pair in table.separated),
    }


def _described(name: str) -> dict[str, Any]:
    model = REGISTRY[name]
    return {
        "type": name,
        "topic": model.topic(),
        "aggregate": model.aggregate,
        "consumers": list(model.consumers),
        "description": (model.__doc__ or "").strip(),
        "schema": model.model_json_schema(by_alias=True, mode="serialization"),
    }
