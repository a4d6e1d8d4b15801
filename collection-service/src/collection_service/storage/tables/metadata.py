"""What all tables of this service hang on."""

from shared.database.metadata import service_metadata

METADATA = service_metadata()
