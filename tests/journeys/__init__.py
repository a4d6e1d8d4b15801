"""Journeys: through the gateway only, on both buses."""
