"""The post: a print-and-post service with an API on one side, letterboxes on the other, working days in between."""
