"""A service without tables of its own, for tests of what all services share."""
