"""doc"""
import os, sys as system
from ..pkg.a import b as c, d
from x import *
class Reader(Base):
    """doc"""
    def load(self, path: str = "x", *args, key=None, **kw) -> int:
        if path and key:
            for i in y: pass
        return self.parse(path)
    def _hid(self): pass
    @property
    def p(self): return helper(1)
def helper(a, /, b, *, c=1):
    def inner(): return os.path.join("a", f"b{a}")
    return inner() or x().go(1,)
async def test_it(): assert await helper(1)
