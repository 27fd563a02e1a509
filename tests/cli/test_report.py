"""`semisup report`: pages of finished runs, written again."""

from pathlib import Path

import pytest

from tests.reports.paged import small_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run."""
    return small_run(tmp_path_factory.mktemp("finished"), "method=supervised")


@pytest.mark.parametrize("words", [["{run}", "umap=false"], ["runs={run}", "umap=false"], ["--umap=false", "{run}"]])
def test_a_page_is_written_again_and_named(finished, semisup, words):
    page = finished / "report.html"
    page.unlink()
    status, out, err = semisup("report", *(word.format(run=finished) for word in words))
    assert (status, out, err) == (0, f"{page}\n", "")
    assert "</html>" in page.read_text()


def test_one_that_fails_does_not_keep_the_others(finished, semisup, tmp_path):
    status, out, err = semisup("report", tmp_path, finished, "umap=false")
    assert (status, out) == (1, f"{finished / 'report.html'}\n")
    assert err.count("\n") == 1
    assert str(tmp_path) in err


def test_data_that_moved_is_found_by_data_dir(finished, semisup, tmp_path):
    place = finished.parents[1] / "data"
    place.rename(tmp_path / "data (1)")
    try:
        assert semisup("report", finished, "umap=false", f"data_dir={tmp_path / 'data (1)'}")[0] == 0
    finally:
        (tmp_path / "data (1)").rename(place)
