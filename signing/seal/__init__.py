"""Electronic seals: GB/T 38540 (version 4), GM/T 0031-2014 (version 1) and GM/T 0031-2025 (version 5)."""
