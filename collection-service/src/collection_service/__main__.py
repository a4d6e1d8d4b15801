"""`python -m collection_service serve | work | migrate | parked`."""

from collection_service.app import create_app
from collection_service.settings import Settings
from shared.web.command_line import run

if __name__ == "__main__":
    run("collection_service", Settings(), create_app)
