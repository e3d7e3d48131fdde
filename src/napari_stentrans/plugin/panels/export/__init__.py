"""Files to write."""
