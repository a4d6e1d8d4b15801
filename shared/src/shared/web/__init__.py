"""HTTP: problems, authentication and scope, idempotency, versions, pagination, health, the frame of an application."""
