"""Errors and warnings that a person sees.

Every message says what was expected, what was found and what to do. None of them is a
``RuntimeError``: napari's thread worker swallows those and never says that it stopped.
"""


class StentransError(Exception):
    """Base of every error that this package raises on purpose."""


class ReadError(StentransError):
    """A path cannot be read as a section or as a mask."""


class SectionError(StentransError, ValueError):
    """The parts of a section do not fit together (counts, positions, names)."""


class MaskError(StentransError, ValueError):
    """A mask of lost regions does not fit the section."""


class ConfigError(StentransError, ValueError):
    """A setting of a run is not possible."""


class GeneNotFound(StentransError, KeyError):
    """A gene name that is not in the section or in the result."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class EnhancementFailed(StentransError):
    """A run broke off; the message carries the cause in plain words."""


class WriteError(StentransError, OSError):
    """A result cannot be written where it was asked for."""


class DownloadError(StentransError, OSError):
    """A sample cannot be downloaded; the message says why and what to do."""


class StentransWarning(UserWarning):
    """Something in the input was mended or left out; the message says what."""
