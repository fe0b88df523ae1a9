"""The people's door: pages for a counter and a small JSON API over the hub's verbs."""
