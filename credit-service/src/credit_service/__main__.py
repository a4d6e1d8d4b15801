"""`python -m credit_service serve | work | migrate | parked`."""

from shared.web.command_line import run

from credit_service.app import create_app
from credit_service.settings import Settings

if __name__ == "__main__":
    run("credit_service", Settings(), create_app)
