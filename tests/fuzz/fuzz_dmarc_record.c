/*
 * fuzz_dmarc_record: any TXT octets are accepted or ignored. The values of an
 * accepted record are in range, and unknown tags after them change nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmarc/dmarc.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_words(const struct dmarc_record *r)
{
	if (r->p > DMARC_REJECT || r->sp > DMARC_REJECT ||
	    r->np > DMARC_REJECT || r->psd > PSD_YES)
		abort();
	if ((!r->has_p && r->p != DMARC_NONE) ||
	    (!r->has_sp && r->sp != DMARC_NONE) ||
	    (!r->has_np && r->np != DMARC_NONE))
		abort();
	if (r->broken && r->has_sp && r->has_np)
		abort();
}

/* The formatted record parses to the same record, except for rua. */
static void
check_format(const struct dmarc_record *r)
{
	struct dmarc_record	again;
	char			text[DMARC_RECORD_TEXT];
	char			whole[DMARC_RECORD_TEXT + 16];

	dmarc_record_format(r, text);
	snprintf(whole, sizeof(whole), "v=DMARC1; %s", text);
	if (!dmarc_record_parse(whole, strlen(whole), &again))
		abort();
	if ((strstr(text, "; invalid") != NULL) != (r->broken || !r->has_p))
		abort();
	again.broken = r->broken;
	again.has_rua = r->has_rua;
	if (memcmp(&again, r, sizeof(again)) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char	behind[] = ";pct=0; x-unknown = y; p=reject;";
	struct dmarc_record	one, two;
	char			*longer;

	if (!dmarc_record_parse((const char *)data, size, &one))
		return 0;
	if (size < 8 || (data[0] | 0x20) != 'v')
		abort();
	check_words(&one);
	check_format(&one);
	longer = malloc(size + sizeof(behind));
	if (longer == NULL)
		abort();
	memcpy(longer, data, size);
	memcpy(longer + size, behind, sizeof(behind) - 1);
	if (!dmarc_record_parse(longer, size + sizeof(behind) - 1, &two))
		abort();
	/* a second p is ignored; a first one is not */
	if (one.has_p && memcmp(&one, &two, sizeof(one)) != 0)
		abort();
	free(longer);
	return 0;
}
