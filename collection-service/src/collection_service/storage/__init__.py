"""This service's tables, and rows to domain values and back."""
