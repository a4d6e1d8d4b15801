"""Servers, fixtures and builders for tests; nothing of it runs in production."""
