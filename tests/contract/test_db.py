"""The contract of db/db.h on both stores. The tests are programs of their own (tests/unit/test_db_contract*.c):
on SQLite they run among the unit tests too; here they get a PostgreSQL."""
import os
import pathlib
import subprocess

import pytest

from support import binary, stores

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("program", ["test_db_contract", "test_db_contract_reads", "test_db_contract_pool"])
def test_contract(program, empty_store, store_kind):
    path = binary.path().parent / "unit" / program
    assert path.exists(), f"{path} is missing: make units"
    env = {**os.environ, "EGDB_TEST_ONLY": store_kind}
    if store_kind == "postgresql":
        env["EGDB_TEST_PG"] = empty_store.dsn
    else:
        env.pop("EGDB_TEST_PG", None)
    done = subprocess.run([path], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")
