/* The cookie of sessions, for those that open them. */
#pragma once

typedef struct Request Request;
typedef struct Session Session;

/* Sends the new session's cookie, and ends the one that the request came with: who logs in anew has
 * no use for it. After the response was made. */
void api_give_session(Request *request, const Session *session);
