"""Which bus an address means."""

from urllib.parse import parse_qs

from shared.messaging.kafka_bus import KafkaBus
from shared.messaging.local_bus import LocalBus
from shared.messaging.ports import Bus

KAFKA = "kafka://"


def open_bus(url: str) -> Bus:
    """`kafka://host:port,…[?replicas=3]` is Apache Kafka; a PostgreSQL URL is the local log."""
    if not url.startswith(KAFKA):
        return LocalBus(url)
    bootstrap, _, query = url.removeprefix(KAFKA).partition("?")
    return KafkaBus(bootstrap, int(parse_qs(query).get("replicas", ["1"])[0]))
