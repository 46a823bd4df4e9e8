"""The insurer's back end: one module per concern, put together in `insurer`."""
