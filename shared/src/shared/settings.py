"""What every service reads from its environment; only `__main__` modules do the reading."""

import base64
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from shared.records.sealing import KeyRing


class ServiceSettings(BaseSettings):
    """Each subclass has a prefix of its own (`CREDIT_…`)."""

    database_url: SecretStr = Field(description="postgresql+asyncpg:// URL of the service's own database")
    bus_url: SecretStr = Field(description="kafka://host:port,… or the postgresql:// URL of the local bus")
    jwks_url: str = Field("http://127.0.0.1:8080/.well-known/jwks.json", description="where the gateway's keys are")
    key_encryption_key: SecretStr = Field(description="32 bytes as base64, the same in all services")
    role: Literal["all", "api", "worker"] = Field("all", description="answer HTTP, run relay, consumer and timers, or both")
    replica: str = Field("1", description="unique per replica; static membership of the consumer group stands on it")
    host: str = "127.0.0.1"
    port: int = 8100
    pool_size: int = Field(8, ge=1, le=100, description="connections of the pool")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    docs_version: str = Field("1", description="version shown in the OpenAPI document")

    def key_ring(self) -> KeyRing:
        """The suite's key-encryption key. Errors: `ValueError` unless it has 32 bytes."""
        return KeyRing(self.key_bytes())

    def key_bytes(self) -> bytes:
        """The key-encryption key itself."""
        return base64.b64decode(self.key_encryption_key.get_secret_value())

    @property
    def works(self) -> bool:
        """Whether relay, consumer and timers run in this process."""
        return self.role in {"all", "worker"}
