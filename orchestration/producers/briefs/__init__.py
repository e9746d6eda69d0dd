"""What producers of texts read in a brief: its answers by field, cleaned and parted."""
