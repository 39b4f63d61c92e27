"""Evidence: small files, each of which shows a stranger one lie, offline (docs/spec/evidence.md)."""
