"""Repair and sharpen spatial transcriptomics: fill, double the resolution, denoise."""
