"""Rows that every service keeps alike, and the unit of work that carries them."""
