"""Texts in each language of the indexer."""

# Two texts that mean the same: white space, line breaks, comments, quotes, commas before closing brackets, order of imports.
SAME = {
    "a.py": ('import os\nimport sys\n\ndef f(a, b=1):\n    if a and b: return g("x", [1, 2])\n    return None\n',
             "import sys\nimport os\n\n\ndef f(\n    a,  # the first\n    b = 1,\n):\n    '''Says something.'''\n    if a and b:\n"
             "        return g(\n            'x',\n            [1, 2,],\n        )\n\n    # nothing\n    return None\n"),
    "a.c": ('#include "a.h"\n#include <b.h>\nint f(int a, char *b) { if (a && b) return g(a); return 0; }\n',
            '#include <b.h>\n#include "a.h"\n\n/* says */\nint\nf(int   a,\n  char *b)\n{\n    // why\n    if (a && b)\n        return g(a);\n'
            '    return 0;\n}\n'),
    "a.js": ("import {a, b} from './m';\nimport c from './n';\nexport function f(x, y = 'z') { return [g(x), y]; }\n",
             'import c from "./n"\nimport { b, a, } from "./m"\n\n// says\nexport function f(\n    x,\n    y = "z",\n) {\n    return [g(x), y,]\n}\n'),
    "a.ts": ("import {a} from './m';\nexport class A { f(x: number, y?: string): void { g(x, 'y'); } }\n",
             'import { a } from "./m"\nexport class A {\n    /* says */\n    f(\n        x: number,\n        y?: string,\n    ): void {\n'
             '        g(x, "y")\n    }\n}\n'),
    "a.go": ('package a\nimport "fmt"\nimport "os"\nfunc F(a int, b string) error { if a > 1 { g(b, os.Args) }; return nil }\n',
             'package a\n\nimport (\n\t"os"\n\t"fmt"\n)\n\n// F says.\nfunc F(\n\ta int,\n\tb string,\n) error {\n\tif a > 1 {\n'
             '\t\tg(\n\t\t\tb, os.Args,\n\t\t)\n\t}\n\treturn nil\n}\n'),
    "A.java": ("import a.B;\nimport c.D;\npublic class A { public int f(int a, String b) { return a > 1 ? g(a) : D.h(b); } }\n",
               "import c.D;\nimport a.B;\n\n/** Says. */\npublic class A {\n    public int f(int a,\n                 String b) {\n        // why\n"
               "        return a > 1\n            ? g(a)\n            : D.h(b);\n    }\n}\n"),
    "a.rs": ("use a::{b, c};\nuse d::E;\npub fn f(a: i32, b: &str) -> Option<i32> { if a > 1 { return g(a); } Some(h(b, 1)) }\n",
             "use d::E;\nuse a::c;\nuse a::b;\n\n/// Says.\npub fn f(\n    a: i32,\n    b: &str,\n) -> Option<i32> {\n    if a > 1 {\n"
             "        return g(a);\n    }\n    Some(h(b, 1,))\n}\n"),
}
