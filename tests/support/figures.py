"""What a server says of itself: its metrics, and the memory that it has needed."""
from . import wait


def metric(client, name):
    """One figure of /metrics, by its name with its labels."""
    for line in client.get("/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    raise AssertionError(f"there is no figure {name}")


def until(client, name, value):
    """Waits for a figure: what a client sees may come a moment before it is counted."""
    wait.until(lambda: metric(client, name) == value, f"{name} is {value}")


def peak_kb(pid):
    """The most memory that the process has had at once."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
