"""The merged OpenAPI document of all upstreams, as far as the route table lets them in."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.portal.merge import Document, merge_documents
from gateway.routing.table import RouteTable

Source = Callable[[], Document]


class Portal:
    """Merges once, when it is first asked for."""

    def __init__(self, sources: Mapping[str, Source], table: RouteTable, version: str) -> None:
        self._sources, self._table, self._version = sources, table, version
        self._merged: dict[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """The one description (G-23)."""
        if self._merged is None:
            parts = {name: source() for name, source in self._sources.items()}
            self._merged = merge_documents(parts, self._is_routed, self._version)
        return self._merged

    def _is_routed(self, method: str, path: str) -> bool:
        route = self._table.match(path.encode())
        return route is not None and route.allows(method)
