"""Settings of collection-service (environment prefix `COLLECTION_`)."""

from datetime import time

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What distinguishes this service's environment from the others'."""

    model_config = SettingsConfigDict(env_prefix="COLLECTION_")

    port: int = 8103
    close_at: time = Field(time(23, 30), description="when a business day may be closed, Asia/Shanghai")
