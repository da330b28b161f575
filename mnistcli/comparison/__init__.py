"""What runs have in common, and in what they differ."""
