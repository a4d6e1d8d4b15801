"""`/auth`: set up, sign in, refresh, sign out, who am I; OpenID discovery and the key set."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from shared.records.work import Work
from shared.web.bodies import Body, Line, Word
from shared.web.commands import CommandRoute, query, settle

from gateway.api.public_work import public_command
from gateway.identity.access import Access
from gateway.identity.tokens import ACCESS_S, mint_access
from gateway.use_cases.first_run import complete_setup
from gateway.use_cases.sign_in import SignedIn, refresh, sign_in, sign_out

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], route_class=CommandRoute)
well_known = APIRouter(tags=["auth"])
Password = Annotated[str, Field(min_length=1, max_length=200)]


class SetupIn(Body):
    """The first administrator."""

    token: Word
    login: Word
    password: Password
    display_name: Line


class LoginIn(Body):
    """Who signs in."""

    login: Word
    password: Password


class RefreshIn(Body):
    """A refresh token; each works once."""

    refresh_token: Word


class TokensOut(BaseModel):
    """An access token for ten minutes, and the refresh token for the next one."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int


class SetupOut(BaseModel):
    """The administrator's id."""

    user_id: UUID


class MeOut(BaseModel):
    """Who the caller is and what he may do."""

    id: UUID
    display_name: str
    roles: list[str]
    org_unit_id: UUID | None
    permissions: dict[str, str]
    delegated: list[dict[str, Any]]


@router.post("/setup", status_code=201, response_model=SetupOut)
async def set_up(request: Request, body: SetupIn, work: Work = public_command()) -> dict[str, Any]:
    """Make the first administrator with the one-time token of the first start. Errors: 404 afterwards."""
    user_id = await complete_setup(work, body.token, body.login, body.password, body.display_name)
    _access(request).forget()
    return {"user_id": user_id}


@router.post("/login", response_model=TokensOut)
async def login(request: Request, body: LoginIn, work: Work = public_command()) -> dict[str, Any]:
    """Sign in. Errors: 401 `LOGIN_FAILED`; 429 `LOGIN_THROTTLED`."""
    address = request.client.host if request.client else "unknown"
    return _tokens(request, settle(await sign_in(work, body.login, body.password, address)))


@router.post("/refresh", response_model=TokensOut)
async def refresh_tokens(request: Request, body: RefreshIn, work: Work = public_command()) -> dict[str, Any]:
    """Exchange a refresh token. Errors: 401 `REFRESH_INVALID`; a token used twice ends the whole session."""
    return _tokens(request, settle(await refresh(work, body.refresh_token)))


@router.post("/logout", status_code=204)
async def logout(request: Request, body: RefreshIn, work: Work = public_command()) -> None:
    """End the session of this refresh token."""
    await sign_out(work, body.refresh_token)
    _access(request).forget()


@router.get("/me", response_model=MeOut)
async def me(work: Work = query("identity:own")) -> dict[str, Any]:
    """Who I am and what I may do."""
    actor = work.actor
    own = {grant.permission: grant.scope for grant in actor.grants if grant.on_behalf_of is None}
    lent = [
        {"permission": grant.permission, "on_behalf_of": grant.on_behalf_of, "until": grant.expires_at}
        for grant in actor.grants
        if grant.on_behalf_of is not None
    ]
    head = {"id": actor.id, "display_name": actor.name, "roles": sorted(actor.roles), "org_unit_id": actor.org_unit_id}
    return head | {"permissions": own, "delegated": lent}


@well_known.get("/.well-known/jwks.json")
async def jwks(request: Request) -> dict[str, Any]:
    """The public keys of all tokens."""
    return _access(request).keys.jwks()


@well_known.get("/.well-known/openid-configuration")
async def discovery(request: Request) -> dict[str, Any]:
    """OpenID discovery, as far as the suite speaks it."""
    base = str(request.base_url).rstrip("/")
    return {
        "issuer": "gateway",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "token_endpoint": f"{base}/api/v1/auth/login",
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
    }


def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


def _tokens(request: Request, session: SignedIn) -> dict[str, Any]:
    access_token = mint_access(_access(request).keys, session.user_id, session.family_id)
    return {"access_token": access_token, "refresh_token": session.refresh_token, "expires_in": ACCESS_S}
