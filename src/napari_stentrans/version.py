"""Which version of this package it is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """Version of this package; "unknown" when it is run without being installed."""
    try:
        return version("napari-stentrans")
    except PackageNotFoundError:
        return "unknown"
