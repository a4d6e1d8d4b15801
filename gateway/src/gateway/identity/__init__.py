"""Who calls: passwords, tokens, API keys, and the internal tokens that services see."""
