"""Published numbers beside ours: a document that is made of runs."""
