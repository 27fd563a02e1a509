"""Networks: backbones, moving average, batch norm, weights, batched inference, and the classifier that predicts."""
