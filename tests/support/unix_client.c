#include "support/unix_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <event2/event.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct exchange { /* in a thread, so that the loop runs in the caller's */
    const char *path, *request;
    size_t request_size;
    char *answer;
    size_t size;
    volatile int done;
};

static void *client(void *context)
{
    struct exchange *x = context;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", x->path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        (void)!send(fd, x->request, x->request_size, MSG_NOSIGNAL);
        for (;;) {
            x->answer = realloc(x->answer, x->size + 65536);
            ssize_t got = recv(fd, x->answer + x->size, 65535, 0);
            if (got <= 0) break;
            x->size += (size_t)got;
        }
        x->answer[x->size] = 0;
    }
    close(fd);
    __atomic_store_n(&x->done, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

char *unix_exchange(struct event_base *base, const char *path, const char *request, size_t size)
{
    struct exchange x = {.path = path, .request = request, .request_size = size};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, client, &x), 0);
    for (int i = 0; i < 10000 && !__atomic_load_n(&x.done, __ATOMIC_SEQ_CST); i++) {
        struct timeval tick = {.tv_usec = 2000};
        assert_int_equal(event_base_loopexit(base, &tick), 0);
        assert_true(event_base_dispatch(base) >= 0);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    return x.answer;
}
