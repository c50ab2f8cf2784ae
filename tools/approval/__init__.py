"""What was approved of each tool, and what its server says of it now."""
