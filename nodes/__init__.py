"""Steps that processes share: reading an invoice, deciding by a table, asking a person."""
