"""Events: written with the state they announce, relayed in order, applied once."""
