"""A run's page: one self-contained file."""

from semisup.reports.run_page.build import FILE, write

__all__ = ["FILE", "write"]
