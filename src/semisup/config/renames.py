"""The names that older versions gave to classes and options, so that their run folders still open."""

from typing import Any

# Old dotted names; one that ends with a dot stands for everything in the module.
TARGETS = {
    "semisup.backbones.": "semisup.models.backbones.",
    "semisup.optimizers.": "semisup.methods.optimizers.",
    "semisup.loggers.": "semisup.training.loggers.",
    "semisup.training.Training": "semisup.training.trainer.TrainerConfig",
    "semisup.labelers.Confident": "semisup.labelers.ConfidenceLabeler",
    "semisup.labelers.Clusters": "semisup.labelers.ClusterLabeler",
    "semisup.labelers.Propagation": "semisup.labelers.LabelPropagation",
    "semisup.embeddings.Checkpoint": "semisup.embeddings.CheckpointEmbedding",
    "semisup.embeddings.Network": "semisup.embeddings.RoundNetworkEmbedding",
    "semisup.embeddings.PCA": "semisup.embeddings.PCAEmbedding",
    "semisup.embeddings.Pixels": "semisup.embeddings.PixelEmbedding",
    "semisup.embeddings.Pretrained": "semisup.embeddings.PretrainedEmbedding",
}
OPTIONS = {"data": {"resident": "device_cache"}}


def translate(config: dict[str, Any]) -> dict[str, Any]:
    """A config with today's names. Every reader of a config.yaml calls this first.

    Args:
        config: As read from a config.yaml; it stays as it is. Names of today are not changed.

    Returns:
        A copy, in which nested nodes, such as those of `rounds.backbones`, are translated too.
    """
    renamed: dict[str, Any] = _translate_targets(config)
    for node, options in OPTIONS.items():
        if isinstance(renamed.get(node), dict):
            renamed[node] = {options.get(key, key): value for key, value in renamed[node].items()}
    return renamed


def _translate_targets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _target(v) if key == "_target_" else _translate_targets(v) for key, v in value.items()}
    return [_translate_targets(item) for item in value] if isinstance(value, list) else value


def _target(name: Any) -> Any:
    module, dot, last = str(name).rpartition(".")
    return TARGETS.get(name) or (TARGETS.get(module + dot, module + dot) + last if isinstance(name, str) else name)
