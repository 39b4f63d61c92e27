"""safeconduct: the record of a humanitarian corridor that no side has to take on trust."""

__version__ = "0.1.0"
