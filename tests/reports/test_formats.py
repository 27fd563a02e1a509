"""A comparison on the terminal, as Markdown, as LaTeX and as CSV."""

import csv
import io
import json
from functools import partial
from pathlib import Path

import pytest

from semisup.cli.compare import main
from semisup.reports.comparison import formats, tables
from tests.reports import finished_runs
from tests.reports.finished_runs import FIXMATCH, PSEUDO_LABEL, SUPERVISED, compared, three_seeds


@pytest.fixture
def write(tmp_path: Path) -> partial[Path]:
    return partial(finished_runs.write, tmp_path / "runs")


@pytest.fixture
def runs(tmp_path: Path) -> str:
    return three_seeds(tmp_path / "runs")


def test_the_table_holds_every_figure(runs, monkeypatch, capsys):
    """On 80 columns, with nothing cut off. 52 ± 2 against (53 + 54 + 58) / 3 = 55 ± √((4 + 1 + 9) / 2) = 2.65."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main([runs]) == 0
    said = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "…" not in said
    assert "supervised 0: 50.00 52.00 ± 2.00 baseline" in lines
    assert "pseudo_label 0: 53.00 55.00 ± 2.65 +3.00, 3 pairs 91.0 correct" in lines
    assert "1: 54.00 48.43 to 61.57 +0.52 to +5.48 50.0 used" in lines
    assert "2: 58.00 p = 0.035" in lines


def test_the_markdown_table_says_plainly_that_a_method_is_worse(runs, capsys):
    assert main([runs, "baseline=method=pseudo_label", "markdown"]) == 0
    head, rule, first, second, *_ = capsys.readouterr().out.splitlines()
    assert head == "| group | accuracy | mean | difference | pseudo-labels |"
    assert rule == "| --- | --- | --- | --- | --- |"
    assert first.startswith("| pseudo_label | 0: 53.00, 1: 54.00, 2: 58.00 | 55.00 ± 2.65, 48.43 to 61.57 | baseline |")
    assert second.endswith(" | -3.00, 3 pairs, -5.48 to -0.52, p = 0.035 |  |")


def test_runs_with_unknown_classes_have_an_auroc(write):
    """(80 + 90) / 2 = 85, and 10 / √2 = 7.07 is the standard deviation of two."""
    for seed, auroc in enumerate((0.8, 0.9)):
        write(f"a{seed}", seed)
        write(f"b{seed}", seed, method=FIXMATCH, auroc=auroc)
    comparison = compared(write("a2", 2).parent)
    first, second = tables.group_cells(comparison)
    assert (first["AUROC"], second["AUROC"]) == ("", "85.00 ± 7.07")
    assert "& 85.00 $\\pm$ 7.07 &" in formats.latex(comparison)
    rows = list(csv.DictReader(io.StringIO(formats.table_csv(comparison))))
    assert [row["auroc"] for row in rows] == ["", "85.0"]


def test_few_seeds_are_called_few(write):
    comparison = compared(write("a"), write("b", accuracy=0.55, method=PSEUDO_LABEL))
    said = formats.markdown(comparison)
    assert "| 0: 55.00 | 55.00, too few seeds | +5.00, 1 pair, too few seeds |  |" in said
    assert "Too few seeds to say anything of the mean of supervised, pseudo_label: fewer than 3" in said


def test_a_figure_that_not_all_seeds_have_says_of_how_many_it_is(write):
    """90 and 80 % of the used are correct with seeds 0 and 1; seed 1 used half, seed 2 none, seed 3 has no figures."""
    readings = [{"accuracy": 0.9, "coverage": 0.7}, {"accuracy": 0.8, "coverage": 0.5}]
    readings += [{"accuracy": None, "coverage": 0.0}, None]
    for seed, last_report in enumerate(readings):
        run = write(f"a{seed}", seed, method=PSEUDO_LABEL, pseudo_labels=last_report)
    assert "| 85.0 correct (2 of 4 seeds), 40.0 used (3 of 4 seeds) |" in formats.markdown(compared(run.parent))


def test_which_of_several_baselines_was_taken_stands_below_the_table(write):
    comparison = compared(write("a"), write("b", method={**SUPERVISED, "ema": 0.9}))
    sentence = "Several groups could be the baseline; it is 'supervised ema=0.0', and baseline=... chooses another."
    assert sentence in formats.markdown(comparison).splitlines()
    assert sentence.replace("_", r"\_") in formats.latex(comparison)


def test_pairs_have_a_table_of_their_own(write):
    """Only b predicts image 1, only a image 0: one of two coins, p = 1; p of c's 0 to 5 is 2 / 32 = .0625."""
    folders = [write("a", 0, 0.5, hits=[True, False, False, False, False, False])]
    folders += [write("b", 0, 0.6, PSEUDO_LABEL, hits=[False, True, False, False, False, False])]
    folders += [write("c", 0, 0.7, FIXMATCH, hits=[True] * 6), write("d", 0, 0.8, {**FIXMATCH, "_target_": "x.Vat"})]
    said = formats.markdown(compared(*folders)).splitlines()
    assert "| group | seed | difference | only it | only baseline | p | Holm |" in said
    assert "| pseudo_label | 0 | +10.00 | 1 | 1 | 1 | 1 |" in said
    assert "| fixmatch | 0 | +20.00 | 5 | 0 | 0.062 | 0.12 |" in said
    assert f"| vat | 0 | +30.00 | - | - | {folders[3]} has no predictions.npz |  |" in said
    assert any("Holm: p corrected for the 2 tests" in line for line in said)


def test_several_numbers_of_labels_are_told_apart_in_each_format(write):
    comparison = compared(write("a", 0, 0.5), write("b", 0, 0.6, labels=600))
    assert "| labels=600 | supervised | 0: 60.00 |" in formats.markdown(comparison)
    assert "labels=600 & supervised & 1 & 60.00 & -- & baseline" in formats.latex(comparison)
    assert "\n600,method=supervised,supervised,labels=600," in formats.table_csv(comparison)
    from rich.console import Console

    console = Console(record=True, width=80, file=io.StringIO())
    console.print(tables.terminal(comparison))
    assert "labels=600" in [line.strip() for line in console.export_text().splitlines()]


def test_a_bar_in_a_name_does_not_end_a_cell_of_markdown(write):
    folders = [write("a", 0), write("b", 0, method={**PSEUDO_LABEL, "threshold": "low|high"})]
    folders += [write("c", 0, method=PSEUDO_LABEL)]
    assert r"| pseudo_label threshold=low\|high | 0: 50.00 |" in formats.markdown(compared(*folders))


def test_the_csv_has_unrounded_numbers_in_a_row_per_group(runs):
    baseline, better = csv.DictReader(formats.table_csv(compared(runs)).splitlines())
    assert (baseline["name"], baseline["by_seed"]) == ("supervised", "0=50.0000 1=52.0000 2=54.0000")
    assert baseline["difference"] == baseline["p"] == ""
    assert float(better["difference"]) == pytest.approx(3)
    assert float(better["difference_high"]) == pytest.approx(5.48414, abs=1e-5)
    assert better["baseline"] == "method=supervised"
    assert (better["labels"], better["seeds"], better["pairs"], better["mark"]) == ("60", "3", "3", "")


def test_latex_has_one_number_a_column_and_escapes_what_it_would_read(runs):
    lines = formats.latex(compared(runs)).splitlines()
    assert r"\begin{tabular}{lrrrrrrr}" in lines
    assert r"pseudo\_label & 3 & 55.00 $\pm$ 2.65 & 48.43 to 61.57 & +3.00 & +0.52 to +5.48 & 0.035 & 0.035 \\" in lines
    assert (
        r"a_%&#${}\~^".translate(formats.LATEX) == r"a\_\%\&\#\$\{\}\textbackslash{}\textasciitilde{}\textasciicircum{}"
    )


def test_the_caption_of_latex_tells_of_no_column_that_it_lacks(runs):
    assert r"\caption{Test accuracy in \%; mean $\pm$ standard" in formats.latex(compared(runs))
    assert "Test accuracy in %, by seed; mean ± standard" in formats.markdown(compared(runs))


def test_files_are_written_where_they_were_asked_for(runs, tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    options = [f"markdown={out}/t.md", f"latex={out}/t.tex", f"csv={out}/t.csv", f"html={out}/t.html"]
    assert main([runs, *options, f"plots={out}/plots"]) == 0
    assert sorted(file.name for file in out.iterdir()) == ["plots", "t.csv", "t.html", "t.md", "t.tex"]
    assert sorted(file.name for file in (out / "plots").iterdir()) == ["accuracy.png", "accuracy.svg"]
    assert (out / "plots" / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    assert "Not drawn: learning curves, as" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "sentence"), [("nowhere", "there is no {}; give"), (".", "there is no finished run")])
def test_a_mistake_is_one_sentence_and_status_1(tmp_path, capsys, name, sentence):
    assert main([str(tmp_path / name)]) == 1
    assert sentence.format(tmp_path / name) in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("result.json", "{", "cannot be read: Expecting property name"),
        ("config.yaml", "seed: [", "cannot be read: while parsing"),
        ("config.yaml", "seed: one", "cannot be read: invalid literal for int() with base 10: 'one'."),
        ("config.yaml", "seed: 0\nmethod: {ema: 0.0}", "lacks 'method._target_'."),
        ("config.yaml", "", "is not as this program writes it."),
        ("config.yaml", "seed: 0\nmethod: {_target_: m.Vat}\ndata: []", "is not as this program writes it."),
        ("result.json", "{}", "lacks 'test'."),
        ("result.json", '{"test": {"accuracy": 0.5}}', "lacks 'split.hash'."),
        ("result.json", '{"test": {"accuracy": null}}', "is not as this program writes it."),
        ("result.json", "[]", "is not as this program writes it."),
    ],
)
def test_a_damaged_file_of_a_run_is_named_with_what_is_wrong(write, capsys, file, text, said):
    run = write("a")
    (run / file).write_text(text)
    assert main([str(run)]) == 1
    assert capsys.readouterr().err.startswith(f"semisup: {run / file} {said}")


def test_pseudo_labels_without_a_figure_are_named_and_none_at_all_are_fine(write, capsys):
    run = write("a", pseudo_labels={"accuracy": 0.5})
    assert main([str(run)]) == 1
    assert capsys.readouterr().err == f"semisup: {run}/result.json lacks 'pseudo_labels.coverage'.\n"
    result = json.loads((run / "result.json").read_text())
    del result["pseudo_labels"]
    (run / "result.json").write_text(json.dumps(result))
    assert main([str(run)]) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("garbage", "invalid literal for int() with base 10: 'garbage'"),
        ("10,x", "could not convert string to float: 'x'"),
        (",0.5", "invalid literal for int() with base 10: ''"),
        ("10,0.5,1", "float() argument must be a string or a real number, not 'list'"),
    ],
)
def test_damaged_curves_are_named(write, tmp_path, capsys, line, said):
    run = write("a", curves=[f"step,validation/accuracy\n5,0.4\n{line}\n"])
    assert main([str(run), f"plots={tmp_path}/plots"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"semisup: {run}/round0/metrics.csv is damaged: a row is not a step and its metrics ({said})."
    )


def test_broken_predictions_are_named(write, capsys):
    a, b = write("a", hits=[True]), write("b", method=PSEUDO_LABEL)
    (b / "predictions.npz").write_text("no archive")
    assert main([str(a), str(b)]) == 1
    assert capsys.readouterr().err.startswith(f"semisup: {b}/predictions.npz cannot be read: ")


def test_a_file_that_cannot_be_written_is_named(runs, tmp_path, capsys):
    (tmp_path / "taken").touch()
    assert main([runs, f"csv={tmp_path}/taken/t.csv"]) == 1
    assert f"{tmp_path}/taken" in capsys.readouterr().err
    assert main([runs, f"csv={runs}"]) == 1
    assert f"{runs} could not be written" in capsys.readouterr().err
