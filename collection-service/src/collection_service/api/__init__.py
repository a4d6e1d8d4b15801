"""Routes by resource: parse, one use case, shape the answer."""
