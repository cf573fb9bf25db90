"""Speed and memory, as ratios measured in one run. Run them all with ``make bench``."""
