"""Constructors are the schema: a config is checked against the signatures of what it names, and completed from them.

A node with `_target_` may set the keyword arguments of that class or function and nothing else; what it leaves out
takes the default in the signature. Keys, types and choices are checked before anything is built.
"""

import importlib
import inspect
import os
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

from semisup.core.errors import SemisupError, did_you_mean
from semisup.core.ranges import accepts, describe, is_path

_WRONG = object()  # what a value becomes that is of another type


def locate(target: str, where: str = "_target_") -> Callable[..., Any]:
    """The class or function of a dotted name. Raises SemisupError if there is none."""
    module, _, name = str(target).rpartition(".")
    if not module or not name or module.startswith("."):
        raise SemisupError(f"{where}={target} is not valid: it is a dotted name, such as package.module.Name.")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise SemisupError(f"{where}={target}: there is no module '{error.name}'; is its package installed?") from error
    except AttributeError as error:
        choices = did_you_mean(name, vars(importlib.import_module(module)))
        raise SemisupError(f"{where}={target}: {module} has no '{name}'; {choices}") from error
    return found


def parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The arguments of a class or function, with those that it passes on to its base classes by **kwargs."""
    if not inspect.isclass(target):
        return dict(inspect.signature(target).parameters)
    found: dict[str, inspect.Parameter] = {}
    for cls in target.__mro__:
        if "__init__" not in vars(cls) or cls is object:
            continue
        own = inspect.signature(vars(cls)["__init__"]).parameters
        hints = get_type_hints(vars(cls)["__init__"], include_extras=True)
        for name, parameter in own.items():
            if name != "self" and parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                found.setdefault(name, parameter.replace(annotation=hints.get(name, Any)))
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in own.values()):
            break
    return found


def completed(
    where: str, node: Mapping[str, Any], targets: Iterable[Callable[..., Any]], given: Iterable[str] = ()
) -> dict[str, Any]:
    """A config node's values, checked, with the defaults of the signatures filled in.

    where: the node's name in messages, such as 'method'; '' for the config itself. targets: whose arguments the node
    may set. given: arguments that the program supplies and a config may not. Raises SemisupError on a key, type or
    choice that does not fit, and on a required argument that is missing.
    """
    signature: dict[str, Any] = {}
    for target in targets:
        hints = get_type_hints(target, include_extras=True) if not inspect.isclass(target) else {}
        for name, parameter in parameters(target).items():
            if name not in given:
                signature.setdefault(name, parameter.replace(annotation=hints.get(name, parameter.annotation)))
    if not isinstance(node, Mapping):
        raise SemisupError(f"{where}={node} is not valid: it has options, such as {where}.{next(iter(signature))}.")
    prefix = f"{where}." if where else ""
    for key in node:
        if key != "_target_" and key not in signature:
            raise SemisupError(f"there is no option {prefix}{key}; {did_you_mean(key, signature)}")
    values: dict[str, Any] = {"_target_": node["_target_"]} if "_target_" in node else {}
    for name, parameter in signature.items():
        if name in node and node[name] != "???":
            values[name] = _checked(f"{prefix}{name}", node[name], parameter.annotation)
        elif parameter.default is inspect.Parameter.empty:
            raise SemisupError(f"{prefix}{name} must be given; write {prefix}{name}=... on the command line.")
        else:
            values[name] = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
    return values


def _checked(where: str, value: Any, annotation: Any) -> Any:
    """The value as the annotation's type, which YAML and the command line may have written otherwise: 1e3 for 1000."""
    if annotation in (inspect.Parameter.empty, Any) or isinstance(value, Mapping):
        return value
    choices = _choices(annotation)
    if choices and isinstance(value, str) and value not in choices and not _admits(annotation, str):
        raise SemisupError(f"{where}={value} is not valid; {did_you_mean(value, choices)}")
    try:
        converted = TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        converted = _WRONG
    except (PydanticSchemaGenerationError, PydanticUserError):
        return value  # the annotation is a class that a config cannot hold
    as_given = isinstance(value, bool) and not accepts(annotation, value)  # pydantic takes true for the number 1
    if converted is _WRONG or as_given or not accepts(annotation, converted):
        raise SemisupError(f"{where}={value} is not valid: it is {describe(annotation)}.")
    return os.path.expanduser(converted) if isinstance(converted, str) and is_path(annotation) else converted


def _choices(annotation: Any) -> list[Any]:
    """The names that a Literal admits, alone or in a union."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        named = [choice for part in get_args(annotation) for choice in _choices(part)]
        return [*named, "true", "false"] if named and _admits(annotation, bool) else named
    return []


def _admits(annotation: Any, kind: type) -> bool:
    return annotation is kind or kind in get_args(annotation)
