"""kill −9 of the server at random moments under load: what was acknowledged is there, once, in its place, with its rows."""
import random
import time

from support import load, wait

KILLS = 200


def kill_at_random(server, posts, chance):
    """After some more acknowledgements and a while: in the middle of whatever the server then does."""
    goal = posts.acknowledged() + chance.choice((0, 0, 5, 50))
    moment = time.monotonic() + chance.uniform(0, 0.03)

    def due():
        return time.monotonic() >= moment and (posts.acknowledged() >= goal or posts.failures)

    wait.until(due, "the moment of the next kill", 120, pause_s=0.001)
    server.kill()


def kill_while_starting(server, chance):
    moment = time.monotonic() + chance.uniform(0, 0.05)
    server.launch()
    wait.until(lambda: time.monotonic() >= moment, "some of the start", pause_s=0.001)
    server.kill()


def test_kill_9_under_load(start_server, store, soak):
    chance = random.Random()
    server = start_server(store)
    with load.Load(server) as posts:
        for _ in range(int(KILLS * soak)):
            kill_at_random(server, posts, chance)
            if chance.random() < 0.2:
                kill_while_starting(server, chance)
            server.start()
        posts.wait_more(50)
        posts.finish()
    posts.check(store)
    assert posts.cut >= KILLS * soak, "the kills hit a server without load"
