"""Networks and what belongs to one: backbones, moving average, batch norm, weights, the classifier that is used."""
