"""Ways to see two maps together."""
