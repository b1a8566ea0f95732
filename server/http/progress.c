/* Reads TCP_INFO. A file of its own: uv.h includes netinet/tcp.h, whose struct tcp_info ends too early. */
#include "server/http/progress.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define CLOSE_WAIT 8 /* of the kernel's states; linux/tcp.h does not name them */

bool eg_progress_read(int fd, struct eg_progress *progress) {
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return false;
    progress->silent_us = (int64_t)info.tcpi_last_data_recv * 1000;
    progress->taken_b = info.tcpi_bytes_acked;
    progress->owing = info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0;
    progress->peer_finished = info.tcpi_state == CLOSE_WAIT;
    return true;
}
