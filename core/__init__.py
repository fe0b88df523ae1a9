"""What three rooms need and what needs none of them: errors, clock, settings, digest."""
