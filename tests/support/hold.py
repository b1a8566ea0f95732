"""A store in which nothing can be written for a while: somebody else holds the lock that every batch needs."""
import contextlib


@contextlib.contextmanager
def held(store):
    """with held(store): … reads go on, and every batch waits."""
    with contextlib.closing(store.connect()) as connection:
        cursor = connection.cursor()
        if store.kind == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        else:
            cursor.execute("BEGIN")
            cursor.execute("SELECT position FROM event_position FOR UPDATE")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
