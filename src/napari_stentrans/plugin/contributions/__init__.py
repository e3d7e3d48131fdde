"""What the manifest names: readers, writers, samples, drops, commands."""
