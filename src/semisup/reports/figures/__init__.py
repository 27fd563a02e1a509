"""Matplotlib's figures, which are the only charts of the package."""
