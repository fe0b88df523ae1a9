"""How rejected rows go back to their owner: one file per channel."""
