"""Writes the generated documents, or checks that they are in step: `python -m tests.support.documents [--check]`."""

import json
import sys
from pathlib import Path
from typing import Any

from collection_service.app import create_app as collection_app
from collection_service.settings import Settings as CollectionSettings
from credit_service.app import create_app as credit_app
from credit_service.settings import Settings as CreditSettings
from gateway.app import create_gateway
from gateway.identity.keys import SigningKeys
from gateway.settings import Settings
from shared.clock import Clock
from shared.contracts import REGISTRY
from shared.contracts.documents import asyncapi, catalogue, schema_of
from shared.web.authentication import StaticKeys

from tests.support.rules import rules_documents
from tests.support.service import KEY, SilentBus

DOCS = Path(__file__).parents[2] / "docs"


def openapi() -> dict[str, Any]:
    """The merged OpenAPI document, as the gateway serves it."""
    common: dict[str, Any] = {"database_url": "postgresql+asyncpg://x@/x", "bus_url": "kafka://x:1", "key_encryption_key": KEY}
    parts: dict[str, Any] = {"clock": Clock(), "bus": SilentBus()}
    credit = credit_app(CreditSettings(**common), keys=StaticKeys({}), **parts)
    collection = collection_app(CollectionSettings(**common), keys=StaticKeys({}), **parts)
    keys = SigningKeys("x", None, {})  # type: ignore[arg-type]
    sources = {"credit": credit.openapi, "collection": collection.openapi}
    gateway = create_gateway(Settings(**common), keys=keys, upstreams=dict.fromkeys(sources), sources=sources, **parts)  # type: ignore[arg-type]
    document: dict[str, Any] = gateway.app.state.portal.document()
    return document


def documents() -> dict[Path, str]:
    """Every generated document with its content."""
    found = {DOCS / "openapi.json": _json(openapi()), DOCS / "asyncapi.json": _json(asyncapi()), DOCS / "events.md": catalogue()}
    for name, model in REGISTRY.items():
        released = DOCS / "schemas" / f"{name}.json"
        if not released.exists():
            found[released] = _json(schema_of(model))
    return found | rules_documents()


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """1 when `--check` finds a document out of step."""
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"out of step: {path.relative_to(DOCS.parent)} (make fix writes it)")
        return bool(stale)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(documents()[path])
        print(f"written: {path.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
