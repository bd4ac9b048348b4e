/* pages.h - what people and programs see: pages, the API, metrics, health. Private to this folder. */
#pragma once
#include "gateway.h"

struct pages;
struct gateway;

extern const struct http_route page_routes[];
extern const size_t page_routes_n;

int pages_open(struct pages **out, struct gateway *gateway, struct err *err);
/* Ends the live streams, so that the server can close. */
void pages_stop(struct pages *pages);
void pages_close(struct pages *pages);
