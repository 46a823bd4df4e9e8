"""The insurer's branches: appointments, a door, and a clerk who looks and reports."""
