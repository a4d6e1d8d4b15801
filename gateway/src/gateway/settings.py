"""Settings of the gateway (environment prefix `GATEWAY_`)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What distinguishes the gateway's environment from the services'."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    port: int = 8080
    credit_url: str = Field("http://127.0.0.1:8102", description="where credit-service answers")
    collection_url: str = Field("http://127.0.0.1:8103", description="where collection-service answers")
    routes_file: Path | None = Field(None, description="another route table than the shipped one; SIGHUP reads it again")
    demo: bool = Field(False, description="people with printed passwords and a movable clock; only on loopback")
