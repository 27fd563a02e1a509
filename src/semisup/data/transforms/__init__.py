"""Random views of whole batches, made on the device."""
