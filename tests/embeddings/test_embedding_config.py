"""The config group: each file names an embedding, and sets nothing that its constructor does not take."""

import pytest
import yaml

from semisup.cli.overrides import CONF
from semisup.core.schema import completed, locate

INJECTED_ARGS = ("source", "load_network")


@pytest.mark.parametrize("name", ["pixels", "pca", "pretrained", "checkpoint", "network"])
def test_a_file_of_the_group(name):
    node = yaml.safe_load((CONF / "embedding" / f"{name}.yaml").read_text())
    if node.get("run") == "???":
        node["run"] = "RUN"
    values = completed("embedding", node, [locate(node["_target_"])], INJECTED_ARGS)
    assert "normalize" in values
    assert values["mirror"] == "auto" if name in ("pretrained", "checkpoint") else not values.get("mirror")
    assert values.get("network", "").startswith("timm:") == (name == "pretrained")
