/* GET /docs/egql: the page of the query language, as it was when this program was built. Who has the server only, has it too. */
#include "server/admin/room.h"

/* clang-format off */
__asm__(".pushsection .rodata\n"
        ".type eg_grammar, @object\n"
        "eg_grammar: .incbin \"egql/GRAMMAR.md\"\n"
        "eg_grammar_end: .byte 0\n"
        ".popsection\n");
/* clang-format on */
extern const char eg_grammar[], eg_grammar_end[];

static enum eg_step_result answer(struct eg_request *req) {
    eg_buf_add(&req->answer, eg_grammar, (size_t)(eg_grammar_end - eg_grammar));
    return eg_request_answer(req, 200, "text/plain; charset=utf-8");
}

static const struct eg_step way[] = {{"answer", answer}};
const struct eg_flow eg_flow_language = {.name = "language", .n_steps = 1, .steps = way};
