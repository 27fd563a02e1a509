"""The words of a command line, made ready for Hydra: its grammar reads paths and names as they were typed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from semisup.cli.quoted_values import elements, in_quotes, is_plain, quote_value
from semisup.core.errors import SemisupError, did_you_mean

_PACKAGE = Path(__file__).resolve().parents[1]
# In a wheel, or in a checkout.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parents[1] / "conf"
GROUPS = sorted(folder.name for folder in CONF.iterdir() if folder.is_dir())

_SETTINGS = ("seed", "tune", "overwrite", "data_dir", "runs_dir", "batch", "rounds")  # no groups
_OPTION = r"(\+{0,2})(\w+\.\w+|data_dir|runs_dir|tune)=(.+)"
_SWEEP = re.compile(r"(choice|range|interval|glob|shuffle|sort|tag)\(.*\)", re.DOTALL)


def quote_overrides(words: Sequence[str], sweep: bool = False) -> list[str]:
    """Quotes the values of options that are text, so that Hydra takes a path or a name of any kind as it is.

    Args:
        words: What was typed: `key=value`, `+key=value`, `~key`, ...
        sweep: Whether a comma separates values, as with -m.

    Returns:
        The same words as Hydra reads them. Values that the user quoted, and those that Hydra reads as text anyway,
        stay as they are.

    Raises:
        SemisupError: For a choice that does not exist, and for null in a list.
    """
    found = [None if _is_choice(word) else re.fullmatch(_OPTION, word, re.DOTALL) for word in words]
    quoted = list(words)
    if any(match and not is_plain(match[3]) for match in found):
        annotations = _annotations(tuple(word for word in words if _is_choice(word)))
        for place, match in enumerate(found):
            if match and match[2] in annotations and not (sweep and _SWEEP.fullmatch(match[3])):
                values = elements(match[3]) if sweep else [match[3]]
                value = ",".join(quote_value(value, annotations[match[2]], sweep) for value in values)
                quoted[place] = f"{match[1]}{match[2]}={value}"
    return [quote_override(word) for word in quoted]


def quote_override(word: str) -> str:
    """Writes `method.threshold=.9` as Hydra takes it although no YAML names the option, and `labeler=null` as ~labeler.

    Args:
        word: One word of the command line.

    Returns:
        What Hydra is given.

    Raises:
        SemisupError: For null in a list, which Hydra cannot sweep.
    """
    groups = "|".join(GROUPS)
    if nothing := re.fullmatch(rf"((?:{groups})(?:@\w+)?)=null", word):
        return f"~{nothing[1]}"
    if among := re.fullmatch(rf"((?:{groups})(?:@\w+)?)=(?:.+,)?null(?:,.+)?", word):
        raise SemisupError(
            f"null cannot stand in a list, as in {word}: give two commands, one of them with {among[1]}=null."
        )
    return f"++{word}" if re.match(rf"({groups}|rounds|teacher)\.[\w.]+=", word) else word


def sentence(error: Exception) -> str:
    """Says in one sentence what Hydra or OmegaConf found wrong.

    Args:
        error: Their error.

    Returns:
        A sentence that names the option, and the most similar valid name or how to quote the value.
    """
    from hydra.errors import ConfigCompositionException, MissingConfigException, OverrideParseException
    from omegaconf import DictConfig

    if isinstance(error, OverrideParseException):
        key, equals, value = error.override.removeprefix("++").partition("=")
        if equals and not re.fullmatch(r"[~+]*[\w.@/-]+", key, re.ASCII):
            return f"there is no option {key}; semisup options lists what there is."
        if not equals:
            return f"{key} is not an option: write options as key=value, such as seed=0."
        return f'{key}={value} cannot be read: put the value in quotes within quotes, as in "{key}={in_quotes(value)}".'
    if several := re.match(r"Ambiguous value for argument '(.+?)=(.+)'$", str(error).partition("\n")[0]):
        key, value = several[1].removeprefix("++"), several[2]
        quoted = f'"{key}={in_quotes(value)}"'
        return f"{key}={value} has a comma: add -m to sweep over the values, or quote it, as in {quoted}."
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return f"there is no {group}={name}; {did_you_mean(name, error.options or [])}"
    cause = error.__cause__ if isinstance(error, ConfigCompositionException) and error.__cause__ else error
    parent = getattr(cause, "parent_node", None)
    if isinstance(parent, DictConfig) and getattr(cause, "full_key", None):
        # only OmegaConf's own errors have a full_key, and they have a key, too
        return f"there is no option {cause.full_key}; {did_you_mean(cause.key, parent)}"  # type: ignore[attr-defined]
    return " ".join(str(error).split())


def compose(words: Sequence[str] = ()) -> dict[str, Any]:
    """Composes a config outside of a Hydra program, as for `semisup.run`.

    Args:
        words: Options as typed after `semisup train`, such as method=fixmatch. What is quoted already stays as it is.

    Returns:
        The config, with interpolations resolved.

    Raises:
        SemisupError: For what Hydra does not accept.
    """
    return _compose(quote_overrides(words))


def group_choices(words: Sequence[str]) -> dict[str, list[str]]:
    """Lists what can be chosen, own choices included.

    Args:
        words: Overrides that say where to search: `hydra.searchpath=[...]`.

    Returns:
        The names of the choices of each group.
    """
    import hydra
    from hydra.core.global_hydra import GlobalHydra

    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        groups = [group for group in loader.list_groups("") if group != "hydra"]
        return {
            group: loader.get_group_options(group, config_name="train", overrides=list(words))
            for group in sorted({*GROUPS, *groups})
        }


def node_targets(config: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Finds whose arguments the options of a config are.

    Args:
        config: A composed config.

    Returns:
        For each node that is chosen, and for `batch`, `rounds` and '' (the top level), the classes and functions.

    Raises:
        SemisupError: For a `_target_` that does not exist.
    """
    from semisup.config.nodes import DATA_TARGETS, INJECTED_ARGS
    from semisup.config.resolve import batch_sizes, settings
    from semisup.config.rounds import Rounds
    from semisup.core.schema import locate

    found: dict[str, list[Any]] = {"": [settings], "batch": [batch_sizes], "rounds": [Rounds]}
    for node in INJECTED_ARGS:
        if target := (config.get(node) or {}).get("_target_"):
            found[node] = [locate(target, f"{node}._target_"), *(DATA_TARGETS if node == "data" else ())]
    return found


def _compose(quoted: Sequence[str]) -> dict[str, Any]:
    import hydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
            values: Any = OmegaConf.to_container(hydra.compose("train", list(quoted)), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise SemisupError(sentence(error)) from error
    return dict(values)


@cache
def _annotations(choices: tuple[str, ...]) -> dict[str, list[Any]]:
    """What each option, such as data.path, may be: its annotation for each of the chosen targets."""
    from semisup.core.schema import parameters

    found: dict[str, list[Any]] = {}
    for words in _jobs(choices):
        for node, targets in node_targets(_compose([quote_override(word) for word in words])).items():
            for target in targets:
                for name, parameter in parameters(target).items():
                    found.setdefault(f"{node}.{name}".lstrip("."), []).append(parameter.annotation)
    return found


def _jobs(choices: tuple[str, ...]) -> Iterator[list[str]]:
    """The first job of a sweep over choices, and one for each further choice."""
    values = {word: re.fullmatch(r"(.+?)=(.*)", word) for word in choices}
    several = {word: match[2].split(",") for word, match in values.items() if match and "[" not in match[2]}
    first = {word: f"{word.partition('=')[0]}={several[word][0]}" if word in several else word for word in choices}
    yield list(first.values())
    for word, options in several.items():
        for option in options[1:]:
            yield list({**first, word: f"{word.partition('=')[0]}={option}"}.values())


def _is_choice(word: str) -> bool:
    key = re.split("[=@]", word.lstrip("+~"))[0]
    return key == "hydra.searchpath" or key.endswith("._target_") or ("." not in key and key not in _SETTINGS)
