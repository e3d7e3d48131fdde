"""What is lost, and the run that fills it."""
