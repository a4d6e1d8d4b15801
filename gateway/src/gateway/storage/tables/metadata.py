"""What all tables of the gateway hang on."""

from shared.database.metadata import service_metadata

METADATA = service_metadata()
