/* What the table for C finds. */
#include <stdio.h>
#include "b.h"
#define MAX(a, b) ((a) > (b) ? (a) : (b))
struct point { int x; };
typedef struct { int y; } thing;
struct point;
enum color { RED };
static int add(int a, const char *b) { return MAX(a, 1) && b->fn(2); }
char **name(void) { switch (1) { case 1: return 0; default: add(1, 0); } }
int (*fp(int x))(int) { return 0; }
START_TEST(check_it)
{
    add(1, 2);
}
END_TEST
