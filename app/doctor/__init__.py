"""What is right and wrong with this installation, and what to do about it. One file for each thing looked at."""
