"""Which genes are shown, and how."""
