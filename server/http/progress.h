/* What the kernel knows of a connection's progress and libmicrohttpd does not tell. */
#ifndef EG_HTTP_PROGRESS_H
#define EG_HTTP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct eg_progress {
    int64_t silent_us;  /* since the last byte came from the peer */
    uint64_t taken_b;   /* what the peer has acknowledged, since the connection began */
    bool owing;         /* bytes were given to the kernel that the peer has not acknowledged */
    bool peer_finished; /* it will send nothing more */
};

bool eg_progress_read(int fd, struct eg_progress *progress); /* false when the kernel does not say */

#endif
