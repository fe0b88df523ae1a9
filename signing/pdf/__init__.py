"""PDF under a visible seal (PAdES B-T) for those outside the OFD world: sealing at volume, and verifying."""
