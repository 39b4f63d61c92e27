"""Ratios to a named peer or limit, each measured in one run: `make bench`, `make bench SIZE=full`."""
