/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The little of HTTP/1.1 (RFC 9112) that the metadata service needs: a head without a body. */
#ifndef CUMULET_SVC_HTTP_H
#define CUMULET_SVC_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX 2048

struct http_request {
	char method[8];
	char path[512];
};

/* 0: not whole yet; 200: whole; otherwise the status to answer with. */
int http_parse(const char *data, size_t size, struct http_request *request);
const char *http_reason(int status);

#endif
