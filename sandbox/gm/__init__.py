"""SM2, SM3 and their certificates once more, in plain Python: shares nothing with what it is to test."""
