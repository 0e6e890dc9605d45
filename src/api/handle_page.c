/* What the page itself needs: its header token, events; and for the command line the file that
 * opens it. */
#include "api/request.h"

vl_result handle_session(struct request *rq)
{
    struct json_out *o = &rq->out;
    const char *token = sessions_token(rq->api->sessions, rq->caller->session);
    if (token == NULL) {
        return request_refuse(rq, NULL, "only the page has a session", VL_ERR_STATE);
    }
    json_open(o, '{');
    json_put_text(o, "token", token);
    json_put_flag(o, "locked", !rq->api->is_open);
    json_close(o, '}');
    return VL_OK;
}

vl_result handle_launch(struct request *rq)
{
    struct json_out *o = &rq->out;
    if (rq->caller->session != 0) {
        return request_refuse(rq, NULL, "the page is open already", VL_ERR_STATE);
    }
    VL_TRY(api_launch(rq->api));
    json_open(o, '{');
    json_put_text(o, "file", rq->api->page.launch_path);
    json_put_integer(o, "port", api_port(rq->api));
    json_put_integer(o, "seconds", SESSION_LAUNCH_SECONDS);
    json_close(o, '}');
    return VL_OK;
}

/* The listener goes on with them (http_events.c). */
vl_result handle_events(struct request *rq)
{
    if (rq->caller->watches == NULL) return VL_ERR_STATE;
    *rq->caller->watches = true;
    return VL_OK;
}
