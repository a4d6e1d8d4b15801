"""`python -m collection_service serve | work | migrate | parked`."""

from shared.web.command_line import run

from collection_service.app import create_app
from collection_service.settings import Settings

if __name__ == "__main__":
    run("collection_service", Settings(), create_app)
