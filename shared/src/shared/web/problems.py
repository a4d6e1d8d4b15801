"""The one place that turns refusals and failures into `application/problem+json` (RFC 9457)."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from shared.database.engine import is_away, sqlstate
from shared.values.errors import Conflict, Invalid, Missing, Refusal, Unauthenticated, Unavailable

MEDIA_TYPE = "application/problem+json"
UNIQUE_VIOLATION = "23505"
CHINESE = {
    400: "请求无法读取",
    401: "未登录或令牌无效",
    403: "没有权限",
    404: "未找到",
    405: "不支持的方法",
    409: "与当前状态冲突",
    412: "版本已过期",
    413: "请求过大",
    422: "数据不符合规则",
    428: "缺少版本条件",
    429: "请求过于频繁",
    431: "请求头过大",
    500: "内部错误",
    503: "暂时不可用",
    504: "上游超时",
}
log = logging.getLogger(__name__)


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, Any]] = []


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in (400, 401, 403, 404, 405, 409, 412, 413, 422, 428, 429, 503)
}


def problem_body(refusal: Refusal, language: str = "") -> dict[str, Any]:
    """The members of a problem; facts of the refusal stand beside the standard ones."""
    chinese = language.lower().startswith("zh")
    phrase = HTTPStatus(refusal.status).phrase
    body: dict[str, Any] = {
        "type": f"urn:problem:{refusal.code.lower()}",
        "title": CHINESE.get(refusal.status, phrase) if chinese else phrase,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "errors": refusal.errors,
    }
    return {name: value for name, value in refusal.facts.items() if name not in body} | body


def problem_response(refusal: Refusal, language: str = "") -> Response:
    """The answer to a refusal; 401 says how to authenticate, 429 and 503 when to come back."""
    headers: dict[str, str] = {}
    if isinstance(refusal, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in refusal.facts:
        headers["Retry-After"] = str(refusal.facts["retry_after"])
    body = json.dumps(problem_body(refusal, language), ensure_ascii=False, default=str)
    return Response(body, refusal.status, headers, MEDIA_TYPE)


def language_of(request: Request) -> str:
    """The first language that the caller accepts."""
    return request.headers.get("accept-language", "")


def handle_problems(app: FastAPI) -> None:
    """Register the handlers: whatever goes wrong is answered as a problem."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for failure in (DBAPIError, PoolTimeout, OSError):
        app.add_exception_handler(failure, _on_dependency)
    app.add_exception_handler(Exception, _on_failure)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    response = problem_response(error, language_of(request))
    keep = getattr(request.state, "keep_after_rollback", None)
    if keep is not None:
        await keep(response)
    return response


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_validation_error(found) for found in error.errors()]
    return problem_response(
        Invalid("VALIDATION_FAILED", "the request does not fit its description", errors=errors), language_of(request)
    )


def _validation_error(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"where": "/".join(str(part) for part in found["loc"]), "what": found["msg"], "kind": found["type"]}


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refusal: Refusal = Missing(detail="no such path") if error.status_code == HTTPStatus.NOT_FOUND else _of_status(error)
    response = problem_response(refusal, language_of(request))
    response.headers.update(error.headers or {})
    return response


def _of_status(error: HTTPException) -> Refusal:
    refusal = Refusal(HTTPStatus(error.status_code).name, str(error.detail))
    refusal.status = error.status_code
    return refusal


async def _on_dependency(request: Request, error: Exception) -> Response:
    """The database away: 503; a race that a unique index decided: 409; all else goes on (a deadlock is repeated)."""
    if sqlstate(error) == UNIQUE_VIOLATION:
        return problem_response(Conflict("ALREADY_EXISTS", "another one was faster"), language_of(request))
    if not is_away(error):
        raise error
    log.warning("a dependency is away", extra={"error": repr(error)})
    return problem_response(Unavailable("DEPENDENCY_DOWN", "please try again", retry_after=1), language_of(request))


async def _on_failure(request: Request, error: Exception) -> Response:
    log.error("unhandled", exc_info=error, extra={"path": request.url.path})
    failure = Refusal("INTERNAL_ERROR", "the failure is logged under the request id")
    failure.status = 500
    return problem_response(failure, language_of(request))
