"""message-db, installed from the npm registry at run time into a folder that is thrown away: its SQL files go into a database of their own, and
pgbench calls its write_message, one message a transaction, in one category."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import measure  # noqa: E402

PACKAGE = "@eventide/message-db@1.3.1"
# In the order of its install.sh; roles and privileges are not needed by a superuser.
FILES = ["schema/message-store", "extensions/pgcrypto", "tables/messages", "types/message", "functions/message-store-version",
         "functions/hash-64", "functions/acquire-lock", "functions/category", "functions/is-category", "functions/id",
         "functions/cardinal-id", "functions/stream-version", "functions/write-message", "indexes/messages-id",
         "indexes/messages-stream", "indexes/messages-category"]
DATA = ('{"run_id":"bench","name":"pipeline.build_ctx","idx":1,"dt_ms":123,"deltas":{"files":["core/pipeline.py","core/graph.py",'
        '"analysis/metrics.py"],"tokens":{"MODIFY_SIG":2,"ADD_FN":3,"RENAME_FN":1},"note":"the context was built anew since its inputs '
        'had changed","cache":{"hits":120,"misses":7}}}')


def install(bench):
    """The DSN of a database with message-db in it; None with a word of why when the registry does not give it."""
    folder = bench.folder / "message-db"
    folder.mkdir()
    done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    if done.returncode != 0:
        measure.say(f"message-db not measured: npm gives no {PACKAGE}\n{done.stdout.decode()[-400:]}")
        return None
    cluster = bench.cluster()
    name = cluster.create_database()
    connection = cluster.connect(name)
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET search_path TO message_store, public')
    connection.close()
    for file in FILES:
        path = folder / "node_modules/@eventide/message-db/database" / f"{file}.sql"
        subprocess.run([str(measure.postgres.BIN / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(path), cluster.dsn(name)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    (bench.folder / "write.pgbench").write_text(
        "SELECT write_message(gen_random_uuid()::varchar, 'bench-' || :client_id, 'StepFinished', "
        f"'{DATA}'::jsonb, '{{\"correlationStreamName\": \"run-1\"}}'::jsonb);\n".replace('":', '" :'))
    return cluster.dsn(name)


def measure_round(bench, dsn, seconds, clients=64):
    """Messages a second."""
    done = subprocess.run([str(measure.postgres.BIN / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(int(seconds)),
                           "-f", str(bench.folder / "write.pgbench"), dsn], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    if done.returncode != 0:
        sys.exit(f"pgbench: {done.stderr.decode()[-600:]}")
    return float(re.search(r"tps = ([\d.]+)", done.stdout.decode()).group(1))
