"""Whether a certificate was revoked, and when: complete lists (CRL), answers (OCSP), and fetching both."""
