"""Views of a finished run: the Allure report and what stands beside it."""
