"""PostgreSQL crashes under load, again and again, and comes back: the server stays, goes on by itself, and has lost nothing."""
import random
import time

from support import load, wait

CRASHES = 50


def test_postgresql_crashes_under_load(start_server, own_store, own_cluster, soak):
    chance = random.Random()
    server = start_server(own_store, config={"store.reconnect_least_ms": 20, "store.reconnect_most_ms": 200})
    pid = server.pid()
    with load.Load(server) as posts:
        for _ in range(int(CRASHES * soak)):
            posts.wait_more(chance.choice((1, 50, 200)))
            moment = time.monotonic() + chance.uniform(0, 0.03)
            wait.until(lambda: time.monotonic() >= moment, "the moment of the next crash", pause_s=0.001)
            own_cluster.stop("immediate")
            server.wait_for("/readyz", 503)
            own_cluster.start()
        posts.wait_more(50)
        posts.finish()
    server.wait_for("/readyz")
    posts.check(own_store)
    assert server.pid() == pid and server.is_running()
    assert not posts.cut, "the server broke off requests"
