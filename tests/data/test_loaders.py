"""What Lightning iterates over."""

import numpy as np

from semisup.data.loaders import EvalLoader, StreamLoader
from tests.data.test_streams import IMAGES, same, stream


def test_a_stream_loader_starts_in_the_middle_but_counts_from_the_beginning():
    steps = StreamLoader(stream(), 3, 5, rank=0, world_size=1)
    assert len(steps) == 5
    assert [same(batch, stream().batch(i)) for i, batch in zip((3, 4), steps, strict=False)] == [True, True]


def test_an_eval_loader_goes_through_all_images_once_in_order():
    index = np.array([4, 2, 9])
    batches = list(EvalLoader(IMAGES, index, np.arange(40), size=2))
    assert [batch["index"].tolist() for batch in batches] == [[4, 2], [9]]
    assert len(batches) == len(EvalLoader(IMAGES, index, np.arange(40), size=2))
