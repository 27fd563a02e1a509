"""Pages from templates."""

from collections.abc import Callable
from typing import Any


def render(template: str, filters: dict[str, Callable[..., Any]] | None = None, **values: Any) -> str:
    """Fills a template. Text is escaped; a name that is not given is an error.

    Args:
        template: The name of a file in `templates`.
        filters: Jinja filters by their names.
        **values: What the template can use.

    Returns:
        The HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("semisup.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(template).render(**values)
