/* GET /docs/errors: what each problem's `type` points to. Made of base/errors.def, so it says what this server answers. */
#include "server/admin/room.h"

static void put_text(struct eg_buf *out, const char *text) {
    for (; *text; text++) {
        if (*text == '<')
            eg_buf_str(out, "&lt;");
        else if (*text == '&')
            eg_buf_str(out, "&amp;");
        else
            eg_buf_char(out, *text);
    }
}

static void put_code(struct eg_buf *out, enum eg_code code) {
    eg_buf_printf(out, "<dt id=\"%s\"><code>%s</code> %d ", eg_code_name(code), eg_code_name(code), eg_code_status(code));
    put_text(out, eg_code_title(code));
    eg_buf_str(out, "</dt>\n<dd>");
    put_text(out, eg_code_hint(code));
    eg_buf_str(out, "</dd>\n");
}

static enum eg_step_result answer(struct eg_request *req) {
    struct eg_buf *out = &req->answer;
    eg_buf_str(out, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>EGDB: errors</title>\n<h1>Errors</h1>\n<dl>\n");
    for (int code = EG_E_NONE + 1; code < EG_E_COUNT; code++)
        put_code(out, (enum eg_code)code);
    eg_buf_str(out, "</dl>\n</html>\n");
    return eg_request_answer(req, 200, "text/html; charset=utf-8");
}

static const struct eg_step way[] = {{"answer", answer}};
const struct eg_flow eg_flow_errors = {.name = "errors", .n_steps = 1, .steps = way};
