"""The golden samples: one value per event, as it lies on the wire."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

AT = datetime(2026, 5, 6, 2, 0, tzinfo=UTC)
ID = UUID("01996f00-1a2b-7d4e-8c11-90ab54cd7701")
SAMPLES: dict[str, Any] = {
    path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "golden").glob("*.json"))
}
