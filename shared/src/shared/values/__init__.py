"""Pure values: money, calendar, ids, errors. All that domain code may import."""
