"""collection-service: overdue cases, the contact rules, attempts, promises to pay."""
