"""A run: rounds, their pseudo-labels, and the folder that holds them."""
