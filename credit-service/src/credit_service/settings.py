"""Settings of credit-service (environment prefix `CREDIT_`)."""

from datetime import time

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What distinguishes this service's environment from the others'."""

    model_config = SettingsConfigDict(env_prefix="CREDIT_")

    port: int = 8102
    close_at: time = Field(time(23, 30), description="when the business day is closed, Asia/Shanghai")
