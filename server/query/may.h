/* Whether a request's token allows what a source or a panel needs beside the scope of its route. */
#ifndef EG_QUERY_MAY_H
#define EG_QUERY_MAY_H

#include "base/scope.h"
#include "server/http/request.h"

/* False: the answer will say so by WWW-Authenticate; the caller sets the error. */
bool eg_query_may(struct eg_request *req, enum eg_scope needed);

#endif
