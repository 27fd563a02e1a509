"""Predictions of a trained run for new images or rows, and its network as a file for other programs."""
