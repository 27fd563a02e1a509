"""What all rooms use: errors, atomic files, processes, seeds, ranges and the schema."""
