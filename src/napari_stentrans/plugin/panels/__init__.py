"""The pages of the dock: each reads models and says what a person wants."""
