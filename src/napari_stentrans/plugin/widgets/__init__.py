"""Small parts of Qt that know nothing of sections."""
