"""Sources for bench/index in each language that egdb-index reads, the same bytes on every machine: types with functions of statements, written
down by a seeded generator as each language wants them. What real code has beside that (the standard library is used for Python's
figure) differs less between files of a language than languages differ."""
import random

from index_repository import name

# Of each language: how a file, a type, a function and statements are written. `{}` stands for what is inside, `%` words for names and numbers.
C = {
    "head": '#include <stdio.h>\n#include "m%n.h"\n\n/* Module %n. */\n',
    "type": ("struct %T {\n    int %w;\n    const char *%w_%n;\n    struct %T *next;\n};\n\n", ""),
    "function": ("/* %w %w %w %w %w %w %w %w. */\nstatic int %w_%n(struct %T *self, const char *%w, int a, unsigned long b) {\n", "    return a;\n}\n\n"),
    "plain": ("int %w = a + %n;", "self->%w = %w_%n(self, %w, a, b);", "const char *%w = \"%w of %w\";", "b |= (unsigned long)%n << (a & 7);", "%w(a, b, &self->%w);"),
    "nested": ("if (a > %n && !self->next) {", "for (int i = 0; i < a; i++) {", "while (a-- > %n || b < %nUL) {"), "end": "}", "note": "/* %w %w %w %w. */",
}
JAVASCRIPT = {
    "head": 'import { %w } from "./m%n.js";\nimport other from "../%w.js";\n\n// Module %n.\n',
    "type": ("export class %T extends %T {\n", "}\n\n"),
    "function": ("/* %w %w %w %w %w %w %w %w. */\n%w%n(%w, a, b = %n) {\n", "    return a;\n}\n\n"),
    "plain": ("const %w = a + %n;", "this.%w = %w(a, b)[%n];", "let %w = `%w of ${a}`;", "const %w = { %w: a, n: b.length };", "%w(a).%w((item) => item.%w + %n);"),
    "nested": ("if (a > %n && !this.%w) {", "for (const item of a.%w) {", "while (a-- > %n || b < %n) {"), "end": "}", "note": "// %w %w %w %w.",
}
TYPESCRIPT = {
    **JAVASCRIPT,
    "head": 'import { %w } from "./m%n";\nimport type { %T } from "../%w";\n\n// Module %n.\nexport interface %T {\n  %w: string;\n  %w_%n?: number[];\n}\n',
    "function": ("/* %w %w %w %w %w %w %w %w. */\npublic async %w%n(%w: string, a: number, b: Map<string, %T> = new Map()): Promise<number> {\n", "    return a;\n}\n\n"),
    "plain": ("const %w: number = a + %n;", "this.%w = %w<string>(a, b)[%n];", "let %w = `%w of ${a}`;", "const %w = { %w: a, n: b.size } as const;",
              "await %w(a).%w((item: %T) => item.%w + %n);"),
}
GO = {
    "head": 'package m\n\nimport (\n\t"fmt"\n\tother "example.org/%w/%w"\n)\n\n// Module %n.\n',
    "type": ("type %T struct {\n\t%w int\n\t%w_%n string\n\tnext *%T\n}\n\n", ""),
    "function": ("// %w %w %w %w %w %w %w %w.\nfunc (self *%T) %w%n(%w string, a, b int) (int, error) {\n", "\treturn a, nil\n}\n\n"),
    "plain": ("%w := a + %n", "self.%w = other.%w(a, b)[%n]", 'var %w = fmt.Sprintf("%w of %v", a)', "%w := map[string]int{\"%w\": a, \"n\": b}", "go %w(a, func(item int) int { return item + %n })"),
    "nested": ("if a > %n && self.next != nil {", "for i := 0; i < a; i++ {", "for _, item := range %w(b) {"), "end": "}", "note": "// %w %w %w %w.",
}
JAVA = {
    "head": "package org.example.m%n;\n\nimport java.util.List;\nimport org.example.%w.%T;\n\n",
    "type": ("/** %w %w %w. */\npublic class %T extends %T {\n    private int %w;\n    protected final String %w_%n = \"%w\";\n", "}\n\n"),
    "function": ("/** %w %w %w %w %w %w %w %w. */\npublic List<%T> %w%n(String %w, int a, long b) throws Exception {\n", "    return null;\n}\n\n"),
    "plain": ("int %w = a + %n;", "this.%w = other.%w(a, b)[%n];", 'String %w = "%w of " + a;', "final List<%T> %w = new %T<>(a, b);", "%w(a).%w(item -> item.%w() + %n);"),
    "nested": ("if (a > %n && this.%w != null) {", "for (int i = 0; i < a; i++) {", "while (a-- > %n || b < %nL) {"), "end": "}", "note": "// %w %w %w %w.",
}
RUST = {
    "head": "use std::collections::HashMap;\nuse crate::%w::{%w, %T};\n\n/// Module %n.\n",
    "type": ("#[derive(Debug, Clone)]\npub struct %T {\n    pub %w: usize,\n    %w_%n: Option<String>,\n}\n\nimpl %T {\n", "}\n\n"),
    "function": ("/// %w %w %w %w %w %w %w %w.\npub fn %w%n(&mut self, %w: &str, a: usize, b: &[u8]) -> Result<usize, String> {\n", "    Ok(a)\n}\n\n"),
    "plain": ("let %w = a + %n;", "self.%w = %w(a, b)?[%n];", 'let %w = format!("%w of {}", a);', "let mut %w: HashMap<String, %T> = HashMap::new();", "b.iter().map(|item| item.%w() + %n).%w();"),
    "nested": ("if a > %n && self.%w.is_some() {", "for item in b.iter() {", "match a {\n%n => { %w(a); }\n_ =>"), "end": "}", "note": "// %w %w %w %w.",
}
LANGUAGES = {"c": C, "js": JAVASCRIPT, "ts": TYPESCRIPT, "go": GO, "java": JAVA, "rs": RUST}


def written(choose, text):
    words = {"w": lambda: name(choose), "T": lambda: name(choose).title().replace("_", ""), "n": lambda: str(choose.randrange(1000)), "v": lambda: "%v"}
    parts = text.split("%")
    return parts[0] + "".join(words[part[0]]() + part[1:] for part in parts[1:])


def statements(choose, how, depth):
    pad, lines = "    " * depth, []
    for _ in range(choose.randrange(2, 6)):
        kind = choose.randrange(10)
        if kind < 6 or depth > 4:
            lines.append(pad + written(choose, choose.choice(how["plain"])))
        elif kind < 9:
            opened = choose.choice(how["nested"])
            lines += [pad + written(choose, opened), *((pad + "{",) if opened.endswith("=>") else ()), *statements(choose, how, depth + 1),
                      pad + how["end"] * (2 if opened.endswith("=>") else 1)]
        else:
            lines.append(pad + written(choose, how["note"]))
    return lines


def source(ending, number):
    """The text of one file, some 10 KB."""
    choose, how = random.Random(f"{ending} {number}"), LANGUAGES[ending]
    out = written(choose, how["head"])
    for _ in range(choose.randrange(2, 5)):
        begin, end = how["type"]
        out += written(choose, begin)
        for _ in range(choose.randrange(4, 9)):
            opened, closed = how["function"]
            out += written(choose, opened) + "\n".join(statements(choose, how, 1)) + "\n" + closed
        out += end
    return out.encode("ascii")
