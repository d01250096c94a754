/*
 * fuzz_mailaddr - a mailbox that is read from a field or a path, written and
 * read again is the same mailbox. Domains are canonical, bounds hold.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mail/domain.h"
#include "mail/headers.h"
#include "mail/mailaddr.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_same(const struct mailbox *a, const struct mailbox *b)
{
	CHECK(strcmp(a->local, b->local) == 0);
	CHECK((a->domain == NULL) == (b->domain == NULL));
	CHECK(a->domain == NULL || strcmp(a->domain, b->domain) == 0);
	CHECK(strcmp(a->address, b->address) == 0);
}

static void
check_path(struct arena *a, const char *text)
{
	struct mailbox	box, again;
	const char	*canonical;

	if (!mailaddr_path(a, text, &box) || box.local == NULL)
		return;
	CHECK(mailaddr_path(a, box.address, &again));
	check_same(&box, &again);
	CHECK(mailaddr_path(a, arena_printf(a, "<%s>", box.address), &again));
	check_same(&box, &again);
	if (box.domain == NULL || box.domain[0] == '[')
		return;
	canonical = domain_canonical(a, box.domain, strlen(box.domain));
	CHECK(canonical != NULL && strcmp(canonical, box.domain) == 0);
}

/* What it finds is canonical, and SPF finds it in the address. */
static void
check_loose(struct arena *a, const char *text)
{
	struct mailbox	box;
	const char	*canonical;

	if (!mailaddr_loose(a, text, &box))
		return;
	canonical = domain_canonical(a, box.domain, strlen(box.domain));
	CHECK(canonical != NULL && strcmp(canonical, box.domain) == 0);
	CHECK(strcmp(strrchr(box.address, '@') + 1, box.domain) == 0);
	CHECK(box.local == NULL ? box.address[0] == '@' :
	    strlen(box.local) > 0 && strlen(box.local) <=
	    MAILADDR_LOOSE_LOCAL);
}

static void
check_list(struct arena *a, const char *text)
{
	struct mailbox_list	list, again;
	size_t			i;

	if (!mailaddr_list(a, text, &list))
		return;
	CHECK(list.n <= MAILADDR_MAX_BOXES);
	for (i = 0; i < list.n; i++) {
		check_path(a, list.box[i].address);
		CHECK(mailaddr_list(a, list.box[i].address, &again));
		CHECK(again.n == 1);
		check_same(&list.box[i], &again.box[0]);
		CHECK(mailaddr_list(a, arena_printf(a, "\"x\" <%s> (y)",
		    list.box[i].address), &again) && again.n == 1);
		check_same(&list.box[i], &again.box[0]);
	}
}

/* For a simple address the split at the "@" is known without a parser. */
static void
check_simple(struct arena *a, const char *text)
{
	static const char	letters[] = "abcdefghijklmnopqrstuvwxyz";
	struct mailbox_list	list;
	const char		*at = strchr(text, '@');
	size_t			 local, domain;

	if (at == NULL)
		return;
	local = (size_t)(at - text);
	domain = strlen(at + 1);
	if (local == 0 || strspn(text, letters) != local || domain == 0 ||
	    domain > LABEL_MAX || strspn(at + 1, letters) != domain)
		return;
	CHECK(mailaddr_list(a, arena_printf(a, " N <%s>", text), &list));
	CHECK(list.n == 1 && strcmp(list.box[0].address, text) == 0);
}

static void
check_author(struct arena *a, const char *text)
{
	struct from_facts	f;
	struct headers		h;
	size_t			i;

	headers_init(&h, a, 10, SIZE_MAX);
	headers_add(&h, "From", text);
	headers_add(&h, "Sender", text);
	mailaddr_author(a, &h, &f);
	CHECK((f.state == FROM_OK) == (f.from.n > 0));
	CHECK(f.others_bad == (f.state != FROM_OK));
	CHECK(f.others.n == f.from.n && f.ndomains <= f.from.n);
	for (i = 1; i < f.ndomains; i++)
		CHECK(strcmp(f.domain[i - 1], f.domain[i]) < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena	*a = arena_new(4096);
	const char	*text = arena_memdup(a, data, size);

	check_path(a, text);
	check_loose(a, text);
	check_list(a, text);
	check_simple(a, text);
	check_author(a, text);
	arena_free(&a);
	return 0;
}
