"""The page that asks what maps are good for."""
