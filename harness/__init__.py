"""How to test in the small world: vocabulary, rules, scenario files, runner, drivers, reports, command line."""
