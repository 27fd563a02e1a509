"""What every room needs, and what knows none of them: errors, files, processes, seeds, the schema."""
