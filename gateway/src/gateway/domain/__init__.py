"""Pure rules: roles and what they grant, org units, tokens' lives."""
