"""G-23: one description of all HTTP interfaces."""

from typing import Any

from gateway.portal.merge import merge_documents


def _document(path: str, schema: dict[str, Any]) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Thing"}
    answer = {"200": {"description": "ok", "content": {"application/json": {"schema": reference}}}}
    return {
        "paths": {path: {"get": {"operationId": "read", "responses": answer}}},
        "components": {"schemas": {"Thing": schema, "List": {"items": [reference]}}},
    }


def test_paths_of_all_services_stand_in_one_document() -> None:
    """G-23: two services, one file, each operation tagged with its owner and named once."""
    same = {"type": "object"}
    parts = {"credit": _document("/api/v1/lines", same), "collection": _document("/api/v1/attempts", same)}
    merged = merge_documents(parts, lambda method, path: True, "1")
    assert set(merged["paths"]) == {"/api/v1/lines", "/api/v1/attempts"}
    assert merged["paths"]["/api/v1/lines"]["get"]["tags"] == ["credit"]
    assert merged["paths"]["/api/v1/attempts"]["get"]["operationId"] == "collection_read"
    assert set(merged["components"]["schemas"]) == {"Thing", "List"}


def test_unequal_schemas_of_one_name_are_told_apart_everywhere() -> None:
    """G-23: the second service's schema gets its prefix, and so do all references to it, in lists too."""
    parts = {"credit": _document("/a", {"type": "object"}), "collection": _document("/b", {"type": "string"})}
    merged = merge_documents(parts, lambda method, path: True, "1")
    schemas = merged["components"]["schemas"]
    assert schemas["Thing"] == {"type": "object"}
    assert schemas["CollectionThing"] == {"type": "string"}
    assert schemas["CollectionList"] == {"items": [{"$ref": "#/components/schemas/CollectionThing"}]}
    assert schemas["List"] == {"items": [{"$ref": "#/components/schemas/Thing"}]}
    answer = merged["paths"]["/b"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/CollectionThing"}


def test_what_the_gateway_does_not_route_is_not_described() -> None:
    """G-01: `/internal/*` is never forwarded, so it is not documented either."""
    parts = {"credit": _document("/internal/clock", {}) | {}, "collection": _document("/api/v1/attempts", {})}
    merged = merge_documents(parts, lambda method, path: not path.startswith("/internal"), "1")
    assert list(merged["paths"]) == ["/api/v1/attempts"]
