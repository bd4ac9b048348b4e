/* page_log.c - what came in, and what operators did. */
#include "answers.h"
#include "store/deliveries.h"

int deliveries_page(struct request *r, struct err *err)
{
	struct delivery_list list = { 0 };

	r->title = "Deliveries";
	if (deliveries_list(r->store, r->visitor.view, STR(""), &r->page, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<table><thead><tr><th>Integration<th>Event<th>About<th>State<th>Received<th>Times</thead><tbody>");
	for (size_t i = 0; i < list.n; i++) {
		const struct delivery *d = &list.items[i];

		html_add(&r->out, "<tr><td>%S</td><td>%S <small>%S</small></td><td>", d->integration, d->name, d->id);
		show_place(&r->out, d->integration, d->repository, d->number);
		html_add(&r->out, "</td><td><span class=\"state %s\">%s</span> %S</td><td>%T</td><td class=n data-k=Times>%d</td></tr>",
			 delivery_state_name(d->state), delivery_state_name(d->state), d->reason, d->received,
			 (int64_t)d->times);
	}
	html_add(&r->out, "</tbody></table>");
	request_more(r);
	return 0;
}

int audit_page(struct request *r, struct err *err)
{
	struct audit_list list = { 0 };

	r->title = "Audit";
	if (audit_list(r->store, r->visitor.view, &r->page, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<table><thead><tr><th>When<th>Who<th>What<th>To</thead><tbody>");
	for (size_t i = 0; i < list.n; i++)
		html_add(&r->out, "<tr><td>%T</td><td>%S</td><td>%S</td><td>%S</td></tr>", list.items[i].at,
			 list.items[i].actor, list.items[i].action, list.items[i].subject);
	html_add(&r->out, "</tbody></table>");
	request_more(r);
	return 0;
}
