"""credit-service: the customer file, credit lines, order and shipment checks, the receivables ledger."""
