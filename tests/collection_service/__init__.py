"""Tests of collection-service, path for path."""
