"""How records come in: one adapter a protocol, one declaration a department's resource."""
