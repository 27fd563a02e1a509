"""A run's page: report.html, one file that needs nothing else."""
