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

_LONGEST = 80  # characters of a value that a message shows
_WRONG = object()  # what a value becomes that is of another type


def locate(target: str, where: str = "_target_", kind: type | None = None) -> Callable[..., Any]:
    """Imports a class or function by its dotted name.

    Args:
        target: Such as 'semisup.methods.FixMatch'.
        where: The option that gave the name, for messages.
        kind: The class that it must be a subclass of. What is none is not called to find out.

    Returns:
        The class or function.

    Raises:
        SemisupError: If it does not exist, or is not of that kind.
    """
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
    if kind is not None and not (isinstance(found, type) and issubclass(found, kind)):
        raise SemisupError(f"{where}={target} is no {kind.__name__}.")
    return found


def parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The arguments of a class or function.

    Args:
        target: The class or function.

    Returns:
        Its parameters by name; for a class, also those that it passes on to its base classes by **kwargs.
    """
    if not inspect.isclass(target):
        hints = get_type_hints(target, include_extras=True)
        named = inspect.signature(target).parameters.items()
        return {name: parameter.replace(annotation=hints.get(name, parameter.annotation)) for name, parameter in named}
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
    """Checks the values of a config node, and fills in the defaults of the signatures.

    Args:
        where: The node's name in messages, such as 'method'; '' for the config itself.
        node: The values by name.
        targets: The classes and functions whose arguments the node may set.
        given: Arguments that the program supplies and a config may not.

    Returns:
        A value for each argument, and `_target_` if the node has one.

    Raises:
        SemisupError: For a key, type, choice or range that does not fit, and for a required argument that is missing.
    """
    signature: dict[str, Any] = {}
    for target in targets:
        for name, parameter in parameters(target).items():
            if name not in given:
                signature.setdefault(name, parameter)
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
        hint = did_you_mean(value, choices)
        if hint.startswith("valid") and any(_admits(annotation, kind) for kind in (int, float)):
            raise SemisupError(f"{where}={_spelled(value)} is not valid: it is {describe(annotation)}.")
        raise SemisupError(f"{where}={_spelled(value)} is not valid; {hint}")
    try:
        converted = TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        converted = _WRONG
    except (PydanticSchemaGenerationError, PydanticUserError):
        return value  # the annotation is a class that a config cannot hold
    # pydantic takes true for the number 1
    has_bool = isinstance(value, bool) or (isinstance(value, list) and any(isinstance(item, bool) for item in value))
    if converted is _WRONG or (has_bool and not accepts(annotation, value)) or not accepts(annotation, converted):
        raise SemisupError(f"{where}={_spelled(value)} is not valid: it is {describe(annotation)}.")
    return os.path.expanduser(converted) if isinstance(converted, str) and is_path(annotation) else converted


def _spelled(value: Any) -> Any:
    """A value as YAML and the command line write it: on one line, and not all of a long one."""
    if isinstance(value, str):
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value[: _LONGEST + 1])
        return shown if len(value) <= _LONGEST else f"{shown[:_LONGEST]}..."
    return {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else value


def _choices(annotation: Any) -> list[Any]:
    """The names that a Literal admits, alone or in a union."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        named = [choice for part in get_args(annotation) for choice in _choices(part)]
        return [*named, "true", "false"] if named and _admits(annotation, bool) else named
    return []


def _admits(annotation: Any, kind: type) -> bool:
    """Whether an annotation is a type, alone, in a union, or with a range."""
    if get_origin(annotation) is Literal:
        return False
    return annotation is kind or any(_admits(part, kind) for part in get_args(annotation))
