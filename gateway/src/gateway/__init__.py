"""gateway: the only door — identities, tokens, route table, proxy, event feed, developer portal."""
