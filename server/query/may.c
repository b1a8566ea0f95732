/* What a declaration's scope means for a request. The route has asked for its own already. */
#include "server/query/may.h"

#include "server/auth/auth.h"

bool eg_query_may(struct eg_request *req, enum eg_scope needed) {
    struct eg_err err = {0};
    char challenge[EG_AUTH_CHALLENGE_B];
    if (eg_auth_require(req->who, needed, &err) == EG_OK) {
        return true;
    }
    eg_auth_challenge(&err, needed, challenge);
    eg_request_add_header(req, "WWW-Authenticate", challenge);
    return false;
}
