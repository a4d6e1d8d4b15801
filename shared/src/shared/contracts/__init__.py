"""Published documents: one module per publishing service, its topic and one model per event."""
