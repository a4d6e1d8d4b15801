"""The door: raw ASGI, no framework, every request checked, limited, forwarded and told."""
