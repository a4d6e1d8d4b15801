"""Access to PostgreSQL: engine and sessions, column types, the embedded server, migrations."""
