"""A small world: one clock, one journal, one set of faults, and the things in it."""
