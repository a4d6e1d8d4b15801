"""Which bus an address means."""

from shared.messaging.kafka_bus import KafkaBus
from shared.messaging.local_bus import LocalBus
from shared.messaging.ports import Bus

KAFKA = "kafka://"


def open_bus(url: str) -> Bus:
    """`kafka://host:port,…` is Apache Kafka; a PostgreSQL URL is the local log."""
    return KafkaBus(url.removeprefix(KAFKA)) if url.startswith(KAFKA) else LocalBus(url)
