"""A run's page: one self-contained file."""

from semisup.report.page.build import FILE, write

__all__ = ["FILE", "write"]
