"""Pure rules: facts and the time in, new state and what happened out."""
