"""What a record, an identifier, a service item and a licence mean; pydantic is the only judge here."""
