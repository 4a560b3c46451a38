/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pagination, sorting, filtering and field selection of lists, once for all services.
 *
 * A list handler fills a 'struct page_request' from the query (page_parse, by the service's
 * table), collects its candidate records, and lets page_select() filter, sort and cut; the links
 * ("next", "previous") are rendered by page_links in the service's own way.
 */
#ifndef CUMULET_HTTP_PAGE_H
#define CUMULET_HTTP_PAGE_H

#include "firmware/cloud/http/request.h"

enum page_filter_kind {
	PAGE_EXACT, /* string equality; repeated parameter: any of them */
	PAGE_BOOLEAN,
	PAGE_INTEGER,
	PAGE_REGEX, /* Nova's name and ip filters: POSIX extended, unanchored */
	PAGE_SINCE, /* timestamp >=, 'changes-since' style */
	PAGE_IN,    /* Glance's "in:a,b" and operators "neq:", "gt:", ... */
	PAGE_LIST,  /* member is an array of strings that must contain it */
};

struct page_filter {
	const char *parameter; /* query name; ends with NULL */
	const char *member;    /* JSON member of the record */
	enum page_filter_kind kind;
};

struct page_rules {
	const struct page_filter *filters;
	const char *const *sort_keys; /* allowed, NULL-terminated */
	const char *default_sort;     /* e.g. "created_at" */
	bool default_descending;
	bool sort_list; /* Neutron/Nova: repeated sort_key/sort_dir; Glance also "sort=a:desc,b" */
	uint64_t most, standard; /* largest page, and page size when none is asked; 0: no bound */
	const char *id_member;   /* "id" */
};

struct page {
	const struct page_rules *rules;
	uint64_t limit;     /* 0: none */
	bool nothing;       /* limit=0 was asked, and means just that (Nova, Glance) */
	const char *marker; /* NULL: none */
	bool reverse;       /* Neutron's page_reverse */
	const char *sort[8];
	bool descending[8];
	size_t sorts;
	bool more; /* set by page_select: there is another page behind this one */
};

/* -EINVAL with the service's usual text for a bad limit, sort key or direction. */
int page_parse(struct request *request, const struct page_rules *rules, struct page *page,
	       struct error *error);
/* Filters by the query, sorts, cuts to marker and limit, in place; returns how many stay, or
 * -EINVAL when the marker is not among them. */
ssize_t page_select(struct request *request, struct page *page, yyjson_val **records, size_t count,
		    struct error *error);
/* The URL of the next page: the request's own with marker replaced. */
const char *page_next_url(struct request *request, const char *last_id);

/* A growing array of records read by a range: documents of the store, for the request's time. */
struct record_list {
	struct request *request;
	yyjson_val **items;
	uint64_t *revisions;
	size_t count, capacity;
};
int record_list_range(struct request *request, struct record_list *list, const char *prefix,
		      struct error *error);
int record_list_index(struct request *request, struct record_list *list, const char *prefix,
		      const char *index, const char *scope, const char *value, struct error *error);

#endif
