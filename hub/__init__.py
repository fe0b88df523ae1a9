"""The hub's verbs as plain functions, one file each; here the rooms below are introduced to one another."""
