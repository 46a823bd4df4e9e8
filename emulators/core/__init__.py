"""The physics of the world: time, working days, the journal, faults, people, plug-ins. No I/O here."""
