"""Departments as real servers, for demo and tests; it shares no code with the rest, so it cannot share our bugs."""
