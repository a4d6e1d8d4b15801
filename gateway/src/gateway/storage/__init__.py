"""The gateway's tables, and rows to values and back."""
