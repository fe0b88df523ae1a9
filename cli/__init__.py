"""The operator's door: the command `hub`."""
