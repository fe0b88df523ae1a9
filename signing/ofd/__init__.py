"""Seals on OFD packages: putting them there and judging them."""
