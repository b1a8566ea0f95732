"""Prints `passed failed` of a JUnit report. A skipped test counts as failed: nothing here is skipped in silence."""
import sys
import xml.etree.ElementTree as tree

passed = failed = 0
for suite in tree.parse(sys.argv[1]).iter("testsuite"):
    tests, bad = int(suite.get("tests")), sum(int(suite.get(name)) for name in ("failures", "errors", "skipped"))
    failed += bad
    passed += max(tests - bad, 0)
print(passed, failed)
