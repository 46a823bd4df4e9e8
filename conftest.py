"""The root of the tree for pytest. Scenarios are collected by the plugin `harness.plugin`, which is installed.

Whoever tests a system of their own overrides its fixtures `world` and `driver` in a conftest beside their scenarios.
"""
