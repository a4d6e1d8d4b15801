"""JSON log lines with service, correlation and trace; never a personal value."""

import json
import logging
import sys
from datetime import UTC, datetime

from shared.observability.tracing import correlation, traceparent

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One object per line: at, level, logger, text, correlation, trace, and what the call gave as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "text": record.getMessage(),
            "correlation_id": correlation.get(),
            "traceparent": traceparent.get(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None}, default=str)


def write_logs(level: str) -> None:
    """Send all logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("aiokafka", "alembic", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
