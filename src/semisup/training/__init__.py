"""One round: a Lightning fit, and what watches over it."""
