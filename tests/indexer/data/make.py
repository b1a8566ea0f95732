"""Writes the series that the detectors are tested with, as numpy's RandomState draws them: MT19937 seeded by one number, and whole
numbers below a power of two by masking. Without numpy: Python's generator is the same one, once it has that state."""
import pathlib
import random


def random_state(seed):
    words = [seed]
    for i in range(1, 624):
        words.append((1812433253 * (words[-1] ^ (words[-1] >> 30)) + i) & 0xFFFFFFFF)
    generator = random.Random()
    generator.setstate((3, (*words, 624), None))
    return lambda low, high: low + (generator.getrandbits(32) & (high - low - 1))


def page_hinkley():
    """RandomState(12345): randint(2) × 1000, randint(8) × 1000."""
    randint = random_state(12345)
    return [randint(0, 2) for _ in range(1000)] + [randint(0, 8) for _ in range(1000)]


def adwin():
    """RandomState(0): randint(2) × 2000, those from 999 on replaced by randint(4, 8)."""
    randint = random_state(0)
    values = [randint(0, 2) for _ in range(2000)]
    values[999:] = [randint(4, 8) for _ in range(1001)]
    return values


def text(values):
    digits = "".join(map(str, values))
    return "".join(digits[i:i + 100] + "\n" for i in range(0, len(digits), 100))


if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent
    for make in (page_hinkley, adwin):
        (folder / f"{make.__name__}.txt").write_text(text(make()), "ascii")
