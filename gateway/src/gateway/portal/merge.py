"""One OpenAPI document out of those of all services."""

from collections.abc import Callable, Mapping
from typing import Any

Document = dict[str, Any]
Routed = Callable[[str, str], bool]
SCHEMA_REF = "#/components/schemas/"
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "POST /api/v1/auth/login"},
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "the key of a service account, sent as a bearer token",
    },
}


def merge_documents(parts: Mapping[str, Document], routed: Routed, version: str) -> Document:
    """The paths that `routed(method, path)` lets through; of unequal schemas with one name the later gets its service's prefix."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": "Customer service, credit, collections and satisfaction", "version": version},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"apiKey": []}],
        "tags": [{"name": name} for name in parts],
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": SECURITY_SCHEMES},
    }
    for service, document in parts.items():
        _add(merged, service, document, routed)
    return merged


def _add(merged: Document, service: str, document: Document, routed: Routed) -> None:
    schemas = document.get("components", {}).get("schemas", {})
    renamed = _renamed(merged["components"]["schemas"], service, schemas)
    for name, schema in schemas.items():
        merged["components"]["schemas"][renamed.get(name, name)] = _point(schema, renamed)
    for path, item in document.get("paths", {}).items():
        kept = {method: _operation(service, value) for method, value in item.items() if routed(method.upper(), path)}
        if kept:
            merged["paths"].setdefault(path, {}).update(_point(kept, renamed))


def _renamed(taken: Document, service: str, schemas: Document) -> dict[str, str]:
    """Names that differ from what is taken, also because something that they refer to was renamed."""
    renamed: dict[str, str] = {}
    while True:
        clash = {name for name, schema in schemas.items() if name in taken and taken[name] != _point(schema, renamed)}
        if clash <= renamed.keys():
            return renamed
        renamed = {name: f"{service.capitalize()}{name}" for name in clash | renamed.keys()}


def _operation(service: str, operation: Document) -> Document:
    identifier = f"{service}_{operation['operationId']}" if "operationId" in operation else None
    return operation | {"tags": [service]} | ({"operationId": identifier} if identifier else {})


def _point(node: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _ref(value, renamed) if key == "$ref" else _point(value, renamed) for key, value in node.items()}
    if isinstance(node, list):
        return [_point(value, renamed) for value in node]
    return node


def _ref(value: str, renamed: Mapping[str, str]) -> str:
    name = value.removeprefix(SCHEMA_REF)
    return SCHEMA_REF + renamed[name] if name in renamed else value
