"""Tests of credit-service, path for path."""
