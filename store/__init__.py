"""All SQL of the house, and what protects the rows: migrations, records, quarantine, registers."""
