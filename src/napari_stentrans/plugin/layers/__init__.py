"""A section's layers in a viewer."""
