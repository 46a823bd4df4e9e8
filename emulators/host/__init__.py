"""Server mode: many worlds behind shared doors. What a client sends anyway says which world it means."""
