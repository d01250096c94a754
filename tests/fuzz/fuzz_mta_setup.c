/*
 * fuzz_mta_setup - for any sendmail.cf and any output of postconf the number of
 * advices is bounded, and each says what is wrong, where, and how to mend it
 *
 * The input is read as a sendmail.cf. It is also read as the three outputs of
 * postconf, separated by lines "--".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/advice.h"
#include "base/arena.h"
#include "doctor/postfix_setup.h"
#include "doctor/sendmail_setup.h"
#include "policy/policy_rules.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static const char *const port587[] = { "587" }, *const port25[] = { "25" };
static const struct session_rules submission = {
	.name = "submission", .direction = DIRECTION_SUBMISSION,
	.daemon_ports = port587, .ndaemon_ports = 1, .require_auth = true,
	.require_tls = true
};
static const struct session_rules mx = {
	.name = "mx", .daemon_ports = port25, .ndaemon_ports = 1
};
static const struct session_rules local = {
	.name = "local", .direction = DIRECTION_SUBMISSION, .local = true
};
static const struct session_rules *const listeners[] = {
	&submission, &mx, &local
};

static void
check_list(const struct advice_list *l)
{
	size_t i;

	CHECK(l->n <= ADVICE_ITEMS);
	for (i = 0; i < l->n; i++)
		CHECK(l->item[i].where[0] != '\0' &&
		    l->item[i].text[0] != '\0' &&
		    l->item[i].change[0] != '\0');
}

/* The text up to the next "--"; *rest is the text after it. */
static char *
part(char **rest)
{
	char *text = *rest, *mark = strstr(text, "--\n");

	if (mark == NULL) {
		*rest = text + strlen(text);
		return text;
	}
	*mark = '\0';
	*rest = mark + 3;
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct advice_site site = {
		"inet:8899@127.0.0.1", 20, listeners, 3, false
	};
	struct arena		*a = arena_new(4096);
	char			*text = arena_memdup(a, data, size);
	struct postfix_setup	*p = arena_alloc(a, sizeof(*p));
	struct sendmail_setup	*s = arena_alloc(a, sizeof(*s));
	struct advice_list	 l;

	memset(&l, 0, sizeof(l));
	l.arena = a;
	sendmail_read(a, s, text);
	CHECK(s->nfilters <= MTA_FILTERS && s->ndaemons <= MTA_SERVICES);
	advice_sendmail(&l, &site, s);
	check_list(&l);

	memset(&l, 0, sizeof(l));
	l.arena = a;
	postfix_read_main(a, p, part(&text));
	postfix_read_services(a, p, part(&text));
	postfix_read_own(a, p, text);
	CHECK(p->n <= MTA_SERVICES && p->main.n <= MTA_SETTINGS);
	advice_postfix(&l, &site, p);
	check_list(&l);
	arena_free(&a);
	return 0;
}
