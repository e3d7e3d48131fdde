"""Long work, and what keeps it from being lost."""
