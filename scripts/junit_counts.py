"""Prints `passed failed skipped` of a JUnit report, and adds the names of the tests that failed to the file of its second argument."""
import sys
import xml.etree.ElementTree as tree

total = failed = skipped = 0
names = []
for suite in tree.parse(sys.argv[1]).iter("testsuite"):
    total += int(suite.get("tests"))
    failed += int(suite.get("failures")) + int(suite.get("errors"))
    skipped += int(suite.get("skipped"))
    names += [f"FAILED: {case.get('classname')}::{case.get('name')}\n" for case in suite.iter("testcase")
              if case.find("failure") is not None or case.find("error") is not None]
with open(sys.argv[2], "a", encoding="utf-8") as out:
    out.writelines(names)
print(max(total - failed - skipped, 0), failed, skipped)
