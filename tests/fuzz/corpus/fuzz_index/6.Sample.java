package p.q;
import java.util.List;
import static a.b.C.go;
import x.y.*;
public class A<T> extends B {
  private final int x;
  public A(int x) { super(x); this.x = x; }
  @Override public List<T> load(final String s, int... n) throws E { if (s == null || n.length > 1) { C.run(s); go(); } else for (;;) {} ; return new ArrayList<>(); }
  @Test void works() { switch (x) { case 1: case 2: break; default: } this.load("a"); }
  interface I { void m(); }
  enum Color { RED; int f() { return 1; } }
  record R(int a, String b) {}
}
