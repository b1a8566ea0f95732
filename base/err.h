/* The error contract. What can fail returns eg_status and fills a struct eg_err that its caller owns (in a request: the
 * request's own). The first cause wins: eg_err_set on an error that is already set changes nothing. */
#ifndef EG_BASE_ERR_H
#define EG_BASE_ERR_H

#include <stdbool.h>

enum eg_code {
    EG_E_NONE = 0,
#define X(name, code, status, title, hint) EG_E_##name,
#include "base/errors.def"
#undef X
    EG_E_COUNT
};

typedef enum { EG_OK = 0, EG_FAIL = -1 } eg_status_value;
typedef eg_status_value eg_status;

#define EG_MUST_CHECK __attribute__((warn_unused_result))
#define EG_PRINTF(f, a) __attribute__((format(printf, f, a)))

struct eg_err {
    enum eg_code code;
    char message[512]; /* one sentence, UTF-8, what is wrong and what to do */
    char place[256];   /* where: a JSON Pointer, a file, a table; may be empty */
};

/* Sets code, place and message unless an error is already set; always returns EG_FAIL, so `return eg_err_set(…)` works.
 * place may be NULL. Text that does not fit is cut at a UTF-8 boundary. */
eg_status eg_err_set(struct eg_err *err, enum eg_code code, const char *place, const char *format, ...) EG_PRINTF(4, 5);
void eg_err_clear(struct eg_err *err);

/* The row of errors.def. code must be a real one. */
const char *eg_code_name(enum eg_code code);   /* "schema_invalid" */
int eg_code_status(enum eg_code code);         /* 422 */
const char *eg_code_title(enum eg_code code);
const char *eg_code_hint(enum eg_code code);

/* A bug, not a condition: prints file, line and text, and aborts. Stays on in production. */
#define EG_ASSERT(x) ((x) ? (void)0 : eg_assert_failed(#x, __FILE__, __LINE__))
_Noreturn void eg_assert_failed(const char *what, const char *file, int line);

#endif
