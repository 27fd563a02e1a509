"""Labels for images, by a finished run: command.py is what a user calls, job.py what it does. One part a file."""
