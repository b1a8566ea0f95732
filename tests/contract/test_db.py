"""The contract of db/db.h on PostgreSQL. The tests are programs of their own (tests/unit/test_db_contract*.c), which run on SQLite among
the unit tests."""
import os
import pathlib
import subprocess

import pytest

from support import binary

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("program", ["test_db_contract", "test_db_contract_reads", "test_db_contract_pool"])
def test_contract(program, empty_store):
    path = binary.path().parent / "unit" / program
    assert path.exists(), f"{path} is missing: make units"
    env = {**os.environ, "EGDB_TEST_ONLY": "postgresql", "EGDB_TEST_PG": empty_store.dsn}
    done = subprocess.run([path], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")
