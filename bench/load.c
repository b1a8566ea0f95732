/* A load for POST /v1/events: keep-alive connections on one epoll loop, each sending its next request when the last was answered.
 * An event costs the load about a microsecond, so that it takes little from the server beside it.
 *   build/bench/load --port 8421[,8422…] --connections 64 --events 200000 [--seconds 10] [--batch 1000] [--ids ulid|random]
 *                    [--topic label|step] [--run ID] [--token FILE] [--poison PERCENT] [--path /v1/events]
 * It ends after the events or the seconds, whichever comes first. Connections take the ports in turn. Steps belong to the run, which must
 * exist: else their rows wait.
 * Prints one line of JSON: events, seconds, events_per_s, p50_ms, p99_ms, max_ms, and the answers by status. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define ID_LEN 26
#define ANSWER_B (1 << 20)
#define PORTS_MOST 64

static struct {
    int ports[PORTS_MOST], n_ports, connections;
    long events, batch;
    bool random_ids, step;
    double poison, seconds;
    const char *path, *run;
    char token[8192];
} options = {.ports = {8421}, .n_ports = 1, .connections = 64, .events = 100000, .batch = 1, .seconds = 1e9, .path = "/v1/events",
             .run = "bench-run"};

struct connection {
    int fd;
    char *request;
    size_t request_b, sent;
    char *answer;
    size_t got, need; /* need: 0 until the headers are there */
    double started;
    long in_flight;
};

static long events_sent, events_done, statuses[600];
static double *latencies;
static size_t n_latencies, cap_latencies;
static double start;
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t random_state;
static uint64_t random64(void) { /* xorshift64* */
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1DULL;
}

static void put_id(char *out) {
    static uint64_t counter;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000, a = random64(), b = ++counter;
    if (options.random_ids)
        ms = random64() & 0xffffffffffff, b = random64();
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = digits[ms & 31];
    for (int i = 17; i >= 10; i--, b >>= 5)
        out[i] = digits[b & 31];
    for (int i = 25; i >= 18; i--, a >>= 5)
        out[i] = digits[a & 31];
}

/* About 600 bytes, as a CI job would send; it is the first of its own chain, so that both ids lie in the order of time, or neither. */
static int put_event(char *out, size_t cap, long number) {
    char id[ID_LEN];
    put_id(id);
    bool bad = options.poison > 0 && (double)(number % 10000) < options.poison * 100;
    char time[40];
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    struct tm utc;
    gmtime_r(&t.tv_sec, &utc);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
    int n = snprintf(out, cap,
                     "{\"id\":\"%.*s\",\"topic\":\"%s\",\"ts_utc\":\"%s.%06ldZ\",\"source\":\"ci/build\","
                     "\"correlation_id\":\"%.*s\",\"repo_sha\":\"8f1c2d3e4a5b60718293a4b5c6d7e8f901234567\","
                     "\"repo_branch\":\"main\",\"payload\":",
                     ID_LEN, id, options.step ? "core.step.finished@v1" : "commit.labelled@v1", time, t.tv_nsec / 1000, ID_LEN, id);
    if (options.step)
        n += snprintf(out + n, cap - (size_t)n,
                      "{\"run_id\":\"%s\",\"name\":\"pipeline.build_ctx\",\"idx\":%ld,\"dt_ms\":%s,\"deltas\":{\"files\":[\"core/"
                      "pipeline.py\",\"core/graph.py\",\"analysis/metrics.py\"],\"tokens\":{\"MODIFY_SIG\":2,\"ADD_FN\":3,\"RENAME_FN\":1},"
                      "\"note\":\"the context was built anew since its inputs had changed\",\"cache\":{\"hits\":120,\"misses\":7}}}}",
                      options.run, number, bad ? "\"soon\"" : "123");
    else
        n += snprintf(out + n, cap - (size_t)n,
                      "{\"sha\":\"%016llx%024d\",\"label\":\"%s\",\"reason\":\"merged after review and a green pipeline; the change "
                      "touched the loader, the cache and the reports of three modules, and no gate was raised while it was watched "
                      "for two days on the canary\"}}",
                      (unsigned long long)random64(), 0, bad ? "neither" : "good");
    return n;
}

static void make_request(struct connection *c) {
    static long number;
    size_t cap = (size_t)options.batch * 900 + 16384;
    char *body = malloc(cap);
    size_t len = 0;
    for (long i = 0; i < options.batch; i++) {
        len += (size_t)put_event(body + len, cap - len, number++);
        if (options.batch > 1)
            body[len++] = '\n';
    }
    if (!c->request)
        c->request = malloc(cap + 16384);
    int head = sprintf(c->request,
                       "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/%s\r\n%s%s%sContent-Length: %zu\r\n\r\n",
                       options.path, options.batch > 1 ? "x-ndjson" : "json", options.token[0] ? "Authorization: Bearer " : "",
                       options.token, options.token[0] ? "\r\n" : "", len);
    memcpy(c->request + head, body, len);
    c->request_b = (size_t)head + len;
    free(body);
}

static void pump(struct connection *c) {
    while (c->sent < c->request_b) {
        ssize_t n = write(c->fd, c->request + c->sent, c->request_b - c->sent);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            fail("write");
        c->sent += (size_t)n;
    }
}

static void begin(struct connection *c) {
    c->in_flight = 0;
    if (events_sent >= options.events || now() - start > options.seconds)
        return;
    make_request(c);
    events_sent += options.batch;
    c->in_flight = options.batch;
    c->sent = c->got = c->need = 0;
    c->started = now();
    pump(c);
}

static bool take(struct connection *c) {
    ssize_t n = read(c->fd, c->answer + c->got, ANSWER_B - c->got - 1);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        fail("the server closed the connection");
    c->got += (size_t)n;
    c->answer[c->got] = '\0';
    if (!c->need) {
        const char *end = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "\r\nContent-Length:");
        if (!end)
            return false;
        c->need = (size_t)(end + 4 - c->answer) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    }
    return c->got >= c->need;
}

static void finish(struct connection *c) {
    int status = atoi(c->answer + 9);
    if (n_latencies == cap_latencies) {
        cap_latencies = cap_latencies ? 2 * cap_latencies : 65536;
        latencies = realloc(latencies, cap_latencies * sizeof *latencies);
        if (!latencies)
            fail("memory");
    }
    latencies[n_latencies++] = now() - c->started;
    statuses[status > 0 && status < 600 ? status : 0]++;
    events_done += c->in_flight;
    begin(c);
}

static void connect_all(struct connection *list, int epoll) {
    for (int i = 0; i < options.connections; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.ports[i % options.n_ports]),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct connection *c = &list[i];
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
            fail("connect");
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        c->answer = malloc(ANSWER_B);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
            fail("epoll_ctl");
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void read_token(const char *path) {
    FILE *in = fopen(path, "r");
    if (!in || !fgets(options.token, sizeof options.token, in))
        fail(path);
    options.token[strcspn(options.token, "\r\n")] = '\0';
    fclose(in);
}

static void read_ports(char *text) {
    options.n_ports = 0;
    for (char *port = strtok(text, ","); port && options.n_ports < PORTS_MOST; port = strtok(NULL, ","))
        options.ports[options.n_ports++] = atoi(port);
}

static void read_options(int argc, char **argv) {
    static const struct option names[] = {{"port", 1, 0, 'p'},   {"connections", 1, 0, 'c'}, {"events", 1, 0, 'n'},
                                          {"batch", 1, 0, 'b'},  {"ids", 1, 0, 'i'},         {"topic", 1, 0, 't'},
                                          {"poison", 1, 0, 'x'}, {"token", 1, 0, 'k'},       {"path", 1, 0, 'u'},
                                          {"run", 1, 0, 'r'},    {"seconds", 1, 0, 's'},     {0, 0, 0, 0}};
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (o) {
        case 'p': read_ports(optarg); break;
        case 'c': options.connections = atoi(optarg); break;
        case 'n': options.events = atol(optarg); break;
        case 'b': options.batch = atol(optarg); break;
        case 'i': options.random_ids = strcmp(optarg, "random") == 0; break;
        case 't': options.step = strcmp(optarg, "step") == 0; break;
        case 'x': options.poison = atof(optarg); break;
        case 'k': read_token(optarg); break;
        case 'u': options.path = optarg; break;
        case 'r': options.run = optarg; break;
        case 's': options.seconds = atof(optarg); break;
        default: exit(2);
        }
    }
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    random_state = (uint64_t)(now() * 1e9) | 1;
    struct connection *list = calloc((size_t)options.connections, sizeof *list);
    int epoll = epoll_create1(0);
    connect_all(list, epoll);
    start = now();
    for (int i = 0; i < options.connections; i++)
        begin(&list[i]);
    struct epoll_event events[256];
    while (events_done < events_sent) {
        int n = epoll_wait(epoll, events, 256, 30000);
        if (n == 0)
            fail("no answer within 30 s");
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c->in_flight)
                continue;
            if (events[i].events & EPOLLOUT)
                pump(c);
            while (c->in_flight && take(c))
                finish(c);
        }
    }
    double took = now() - start;
    qsort(latencies, (size_t)n_latencies, sizeof *latencies, by_value);
    printf("{\"events\":%ld,\"seconds\":%.3f,\"events_per_s\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f", events_done, took,
           (double)events_done / took, latencies[n_latencies / 2] * 1e3, latencies[n_latencies * 99 / 100] * 1e3,
           latencies[n_latencies - 1] * 1e3);
    for (int i = 0; i < 600; i++) {
        if (statuses[i])
            printf(",\"%d\":%ld", i, statuses[i]);
    }
    printf("}\n");
    return 0;
}
