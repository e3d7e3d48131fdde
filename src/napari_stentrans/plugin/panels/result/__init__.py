"""What a run gave, and how good it is."""
