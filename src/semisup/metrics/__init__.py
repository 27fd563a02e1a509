"""Figures of merit, each implemented once."""
