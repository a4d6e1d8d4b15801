"""The developer portal: one description of all HTTP interfaces, its page, and the catalogue of events (G-23)."""
