"""`semisup options`: what each choice takes, from its signature and docstring."""

import pytest

from semisup.cli.docstrings import described_arguments, introduction
from semisup.cli.overrides import CONF, compose, group_choices, node_targets
from semisup.config.nodes import INJECTED_ARGS
from semisup.core.schema import parameters
from semisup.methods import FixMatch


@pytest.fixture
def options(semisup):
    """What `semisup options` prints, each run of spaces as one."""

    def call(*words: str) -> str:
        status, out, err = semisup("options", *words)
        assert (status, err) == (0, ""), err
        return "\n".join(" ".join(line.split()) for line in out.splitlines())

    return call


def test_alone_it_lists_groups_and_choices(options):
    shown = options()
    for group in ("method", "data", "backbone", "labeler", "embedding", "optimizer", "trainer", "logger"):
        assert f"{group}: {', '.join(sorted(file.stem for file in (CONF / group).glob('*.yaml')))}\n" in shown
    assert "batch, rounds, settings" in shown


def test_a_method_has_its_own_options_and_those_of_every_method(options):
    shown = options("method=fixmatch")
    assert shown.startswith("method = FixMatch: ")
    assert "method.threshold 0.95 a number from 0 to 1 τ." in shown
    assert "method.ema 0.999 a number of at least 0 and below 1 Decay of the moving average" in shown
    assert "optimizer" not in shown, "what the program supplies is no option"


def test_the_default_is_that_of_the_yaml_or_of_the_other_words(options):
    assert "embedding.size 128 " in options("embedding=pretrained")
    assert "data.path required text" in options("data=folder")
    assert "data.flip false true or false" in options("data=digits")
    assert "data.labels 5000 " in options("experiment=cifar10_5000", "data")
    assert "method.threshold 0.8 " in options("method.threshold=.8")


def test_data_has_the_options_of_the_source_of_the_split_and_of_the_views(options):
    shown = options("data=folder")
    assert shown.index("data.labels_file") < shown.index("data.validation") < shown.index("data.rotation")


def test_several_at_once_and_parts_without_a_choice(options):
    shown = options("method@teacher=fixmatch", "backbone=mlp", "trainer", "rounds", "batch", "seed=3")
    for option in (
        "teacher.threshold",
        "backbone.hidden",
        "trainer.max_steps",
        "rounds.students",
        "batch.ratio",
        "seed 3",
    ):
        assert f"\n{option} " in shown


def test_packages_of_ones_own_are_shown(options, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from semisup.methods import FixMatch\n"
        "class Mine(FixMatch):\n"
        '    """Mine.\n\n    Args:\n        margin: How much is needed.\n    """\n'
        "    def __init__(self, network, *, margin: float = 0.25, **base):\n"
        "        super().__init__(network, **base)\n"
    )
    (tmp_path / "conf" / "method").mkdir(parents=True)
    (tmp_path / "conf" / "method" / "mine.yaml").write_text("_target_: mine.Mine\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    search = f"hydra.searchpath=['file://{tmp_path / 'conf'}']"
    assert "meta_pseudo_labels, mine, mixmatch" in options(search)
    shown = options(search, "method=mine")
    assert "method.margin 0.25 a number How much is needed." in shown
    assert "method.threshold 0.95 a number from 0 to 1 τ." in shown


def choices() -> list[tuple[str, str]]:
    return [(group, name) for group, names in group_choices([]).items() if group != "experiment" for name in names]


@pytest.mark.parametrize(("group", "choice"), choices())
def test_every_option_of_every_choice_has_a_description(group, choice):
    labeler = ["labeler=clusters"] if group == "embedding" else []
    targets = node_targets(compose([f"{group}={choice}", *labeler]))
    for node in (group, "", "batch", "rounds"):
        described = {name for target in targets[node] for name, text in described_arguments(target).items() if text}
        taken = {name for target in targets[node] for name in parameters(target)}
        assert taken - {*INJECTED_ARGS.get(node, ())} <= described


def test_descriptions_are_read_from_google_docstrings():
    def bake(cake, sugar):
        """Bakes a cake.

        It takes an hour.

        Args:
            cake: Its name,
                such as plum: any.
            sugar (float): How much.

        Returns:
            Nothing.
        """

    assert described_arguments(bake) == {"cake": "Its name, such as plum: any.", "sugar": "How much."}
    assert introduction(bake) == "Bakes a cake.\n\nIt takes an hour."
    assert {"threshold", "unlabeled_weight", "ema", "network"} <= {*described_arguments(FixMatch)}
