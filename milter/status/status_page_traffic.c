/*
 * status_page_traffic - the sections about mail: traffic, rules, DMARC, DNS
 */
#include "config.h"

#include "base/buf.h"
#include "session/services.h"
#include "status_page_priv.h"
#include "status_priv.h"

/* The chart in units of its viewBox. */
#define CHART_WIDTH	960
#define CHART_HEIGHT	200
#define CHART_LEFT	46
#define CHART_BOTTOM	24
#define CHART_TOP	8
#define PLOT_HEIGHT	(CHART_HEIGHT - CHART_TOP - CHART_BOTTOM)
#define BAR_STEP	((CHART_WIDTH - CHART_LEFT) / TRAFFIC_MINUTES)
#define BAR_WIDTH	(BAR_STEP - 3)
#define LABEL_MINUTES	15

static const char *const action_words[] = {
	[ACTION_ACCEPT] = "accepted", [ACTION_TAG] = "tagged",
	[ACTION_HOLD] = "held", [ACTION_DEFER] = "deferred",
	[ACTION_REJECT] = "rejected"
};

static uint64_t
minute_sum(const struct traffic_minute *m)
{
	uint64_t	sum = 0;
	enum action	a;

	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
		sum += m->n[a];
	return sum;
}

/* The top of the axis, which has a whole half: 4, 10, 20, 40, 100, ... */
static uint64_t
axis_top(const struct status *s)
{
	static const unsigned	steps[] = { 1, 2, 4 };
	uint64_t		most = 4, power, n;
	size_t			i;

	for (i = 0; i < TRAFFIC_MINUTES; i++) {
		n = minute_sum(&s->minute[i]);
		most = n > most ? n : most;
	}
	for (power = 1;; power *= 10)
		for (i = 0; i < 3; i++)
			if (steps[i] * power >= most)
				return steps[i] * power;
}

static void
chart_clock(struct buf *b, time_t t)
{
	struct tm	tm;
	char		text[8];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%H:%M", &tm);
	buf_addstr(b, text);
}

static time_t
chart_time(const struct status *s, size_t minute)
{
	return s->minute_time - 60 * (time_t)(TRAFFIC_MINUTES - 1 - minute);
}

static void
chart_axis(const struct status *s, struct buf *b, uint64_t top)
{
	unsigned	i, x, y;

	for (i = 0; i <= 2; i++) {
		y = CHART_TOP + PLOT_HEIGHT - i * PLOT_HEIGHT / 2;
		buf_printf(b, "<path class=\"grid\" d=\"M%u %uH%u\"/>"
		    "<text x=\"%u\" y=\"%u\" text-anchor=\"end\">",
		    CHART_LEFT, y, CHART_WIDTH, CHART_LEFT - 6, y + 4);
		page_number(b, top * i / 2);
		buf_addstr(b, "</text>\n");
	}
	for (i = 0; i < TRAFFIC_MINUTES; i += LABEL_MINUTES) {
		x = CHART_LEFT + i * BAR_STEP;
		buf_printf(b, "<text x=\"%u\" y=\"%u\">", x,
		    CHART_HEIGHT - 4);
		chart_clock(b, chart_time(s, i));
		buf_addstr(b, "</text>\n");
	}
}

/* One minute: its actions on top of each other, and its numbers to hover. */
static void
chart_minute(const struct status *s, struct buf *b, size_t i, uint64_t top)
{
	const struct traffic_minute	*m = &s->minute[i];
	unsigned	 x = CHART_LEFT + (unsigned)i * BAR_STEP;
	double		 y = CHART_TOP + PLOT_HEIGHT, height;
	enum action	 a;

	if (minute_sum(m) == 0)
		return;
	buf_addstr(b, "<g><title>");
	chart_clock(b, chart_time(s, i));
	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
		if (m->n[a] > 0)
			buf_printf(b, ", %llu %s",
			    (unsigned long long)m->n[a], action_words[a]);
	buf_addstr(b, "</title>");
	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++) {
		if (m->n[a] == 0)
			continue;
		height = (double)m->n[a] * PLOT_HEIGHT / (double)top;
		y -= height;
		buf_printf(b, "<rect class=\"%s\" x=\"%u\" y=\"%.1f\" "
		    "width=\"%u\" height=\"%.1f\"/>", action_name(a), x, y,
		    BAR_WIDTH, height);
	}
	buf_addstr(b, "</g>\n");
}

static void
chart_legend(const struct status *s, struct buf *b)
{
	enum action a;

	buf_addstr(b, "<ul class=\"legend\">\n");
	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++) {
		buf_printf(b, "<li><svg viewBox=\"0 0 1 1\" "
		    "aria-hidden=\"true\"><rect class=\"%s\" width=\"1\" "
		    "height=\"1\"/></svg>", action_name(a));
		page_number(b, status_hour(s, a));
		buf_printf(b, " %s</li>\n", action_words[a]);
	}
	buf_addstr(b, "<li>Refused recipients: ");
	page_number(b, status_hour(s, TRAFFIC_RECIPIENTS));
	buf_addstr(b, "</li>\n</ul>\n");
}

void
page_traffic(const struct status *s, struct buf *b)
{
	uint64_t	top = axis_top(s);
	size_t		i;

	page_card(b, "traffic", "Messages of the last hour, by minute",
	    "wide");
	buf_printf(b, "<div class=\"scroll\" id=\"traffic-t\" "
	    "tabindex=\"0\" role=\"region\" aria-label=\"Chart\">"
	    "<svg class=\"chart\" viewBox=\"0 0 %u %u\" "
	    "role=\"img\" aria-label=\"Messages by minute and action; the "
	    "list below has the sums\">\n", CHART_WIDTH, CHART_HEIGHT);
	chart_axis(s, b, top);
	for (i = 0; i < TRAFFIC_MINUTES; i++)
		chart_minute(s, b, i, top);
	buf_addstr(b, "</svg></div>\n");
	chart_legend(s, b);
	page_card_end(b);
}

/* --- rules ---------------------------------------------------------------- */

void
page_rules(const struct status *s, struct buf *b)
{
	static const char *const head[] = { "Rule", "#Last hour", "Share",
	    "#Since the start", NULL };
	const struct traffic_rule *r;
	uint64_t	 sum = 0;
	size_t		 i;

	page_card(b, "rules", "Refused and held, by rule", "");
	for (i = 0; i < s->nrules; i++)
		sum += s->rule[i].hour;
	if (s->nrules == 0) {
		buf_addstr(b, "<p class=\"none\">Nothing was refused or "
		    "held since the start.</p>\n");
	} else {
		page_table(b, "rules", "Refusals by rule", head);
		for (i = 0; i < s->nrules; i++) {
			r = &s->rule[i];
			buf_addstr(b, "<tr><th scope=\"row\">");
			page_text(b, r->name);
			buf_addstr(b, "</th><td class=\"n\">");
			page_number(b, r->hour);
			buf_addstr(b, "</td><td>");
			page_bar(b, sum > 0 ? (unsigned)(r->hour * 100 / sum) :
			    0, "reject");
			buf_addstr(b, "</td><td class=\"n\">");
			page_number(b, r->total);
			buf_addstr(b, "</td></tr>\n");
		}
		page_table_end(b);
	}
	page_card_end(b);
}

/* --- DMARC ---------------------------------------------------------------- */

static void
dmarc_row(const struct traffic_domain *d, struct buf *b)
{
	uint64_t	counts[] = { d->messages, d->n[RESULT_PASS],
	    d->n[RESULT_FAIL], d->n[RESULT_NONE],
	    d->n[RESULT_TEMPERROR] + d->n[RESULT_PERMERROR],
	    d->n[TRAFFIC_REFUSED] };
	size_t		i;

	buf_addstr(b, "<tr><th scope=\"row\">");
	page_text(b, d->domain);
	buf_addstr(b, "</th>");
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		buf_addstr(b, "<td class=\"n\">");
		page_number(b, counts[i]);
		buf_addstr(b, "</td>");
	}
	buf_addstr(b, "</tr>\n");
}

void
page_dmarc(const struct status *s, struct buf *b)
{
	static const char *const head[] = { "Author domain", "#Messages",
	    "#Pass", "#Fail", "#None", "#Error", "#Refused", NULL };
	size_t	i;

	page_card(b, "dmarc", "DMARC results of the last 24 hours", "");
	if (s->ndomains == 0)
		buf_addstr(b, "<p class=\"none\">No inbound mail was "
		    "judged.</p>\n");
	else {
		page_table(b, "dmarc", "DMARC results by author domain",
		    head);
		for (i = 0; i < s->ndomains; i++)
			dmarc_row(&s->domain[i], b);
		page_table_end(b);
	}
	page_card_end(b);
}

/* --- DNS ------------------------------------------------------------------ */

static void
dns_count(struct buf *b, const char *name, uint64_t n)
{
	buf_printf(b, "<dt>%s</dt><dd>", name);
	page_number(b, n);
	buf_addstr(b, "</dd>\n");
}

static void
dns_percent(const struct status *s, struct buf *b, unsigned percent)
{
	uint64_t us = status_latency(s, percent);

	buf_printf(b, "<dt>%u %% take less than</dt><dd>", percent);
	page_latency(b, us);
	buf_addstr(b, "</dd>\n");
}

/* Buckets from the first to the last one that has lookups. */
static void
dns_buckets(const struct status *s, struct buf *b)
{
	static const char *const head[] = { "Answered in", "#Lookups",
	    "Share", NULL };
	size_t		 i, first = HISTOGRAM_BOUNDS + 1, last = 0;
	uint64_t	 sum = 0;

	for (i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		sum += s->dns_latency[i];
		if (s->dns_latency[i] == 0)
			continue;
		first = first > HISTOGRAM_BOUNDS ? i : first;
		last = i;
	}
	if (sum == 0)
		return;
	page_table(b, "dns", "DNS latency", head);
	for (i = first; i <= last; i++) {
		buf_addstr(b, i < HISTOGRAM_BOUNDS ?
		    "<tr><th scope=\"row\">up to " : "<tr><th scope=\"row\">");
		page_latency(b, i < HISTOGRAM_BOUNDS ? histogram_bounds[i] :
		    UINT64_MAX);
		buf_addstr(b, "</th><td class=\"n\">");
		page_number(b, s->dns_latency[i]);
		buf_addstr(b, "</td><td>");
		page_bar(b, (unsigned)(s->dns_latency[i] * 100 / sum),
		    "accept");
		buf_addstr(b, "</td></tr>\n");
	}
	page_table_end(b);
}

void
page_dns(const struct status *s, struct buf *b)
{
	page_card(b, "dns", "DNS since the start", "");
	if (s->dns.failing > 0) {
		buf_addstr(b, "<p><span class=\"pill bad\">");
		page_number(b, s->dns.failing);
		buf_addstr(b, " lookups failed since the last answer"
		    "</span></p>\n");
	}
	buf_addstr(b, "<dl class=\"facts\">\n");
	dns_count(b, "Questions", s->dns.queries);
	dns_count(b, "Answered from the cache", s->dns.cache_hits);
	dns_count(b, "Time-outs", s->dns.timeouts);
	dns_count(b, "Failures", s->dns.failures);
	dns_percent(s, b, 50);
	dns_percent(s, b, 99);
	buf_addstr(b, "</dl>\n");
	dns_buckets(s, b);
	page_card_end(b);
}
