/*
 * dkim_vectors: the example messages of the RFCs, unchanged.
 */
#include "dkim_message.h"

#define RFC_FIELDS							\
	"From: Joe SixPack <joe@football.example.com>\r\n"		\
	"To: Suzie Q <suzie@shopping.example.net>\r\n"			\
	"Subject: Is dinner ready?\r\n"					\
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"		\
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"

/* RFC 8463 appendix A.3: both signatures over one message. */
static const char rfc8463_header[] =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    RFC_FIELDS;
static const char rfc8463_body[] =
    "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
static const char rfc8463_ed25519[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char rfc8463_rsa[] =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

/* RFC 6376 appendix A.2, and the key of appendix C. */
static const char rfc6376_header[] =
    "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
    "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
    "      h=Received : From : To : Subject : Date : Message-ID;\r\n"
    "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
    "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
    "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n"
    "      4bmp/YzhwvcubU4=;\r\n"
    "Received: from client1.football.example.com  [192.0.2.1]\r\n"
    "      by submitserver.example.com with SUBMISSION;\r\n"
    "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
    RFC_FIELDS;
static const char rfc6376_body[] =
    "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n";
static const char rfc6376_spki[] =
    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9Z"
    "JW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v"
    "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmP"
    "SPDdQPNUYckcQ2QIDAQAB";
/* The same key without the wrapping that says "RSA" (RSAPublicKey). */
static const char rfc6376_pkcs1[] =
    "v=DKIM1; p=MIGJAoGBAPAhE/9QLdIGwSYapn1klbf8OQygZ4udCDV9afv/Ni0jE3ZKcU"
    "KPE4Iob2/dviNh9xM2HmKNKyrrfW4Ei0truh36/9G10LZTMnWVZP3jupH5FxpzaBu2j80"
    "yonR/N9WMfg64qGK11j21/qZzAaNo0FxZOggyY9I8N1A81RhyRxDZAgMBAAE=";

static struct resolver *
zone_with(const char *const records[][2], size_t n)
{
	struct buf	 zone = BUF_INIT;
	struct resolver	*r;
	char		*why;
	size_t		 i;

	for (i = 0; i < n; i++)
		zone_txt(&zone, records[i][0], records[i][1],
		    strlen(records[i][1]));
	r = resolver_zone_new(buf_str(&zone), &why);
	assert_non_null(r);
	buf_free(&zone);
	return r;
}

static void
all_pass(struct resolver *r, const char *header, const char *body, size_t n)
{
	struct dkim_lib		*lib = dkim_lib_new(NULL);
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;
	size_t			 i, d;

	for (d = 0; d < NELEM(deliveries); d++) {
		message_verify(lib, r, a, header, body, strlen(body),
		    &deliveries[d], &f);
		assert_int_equal(f.n, n);
		for (i = 0; i < n; i++)
			if (f.sig[i].result != RESULT_PASS)
				fail_msg("%zu: %s", i, f.sig[i].reason);
	}
	dkim_lib_free(&lib);
	arena_free(&a);
	resolver_free(&r);
}

static void
rfc8463(void **state)
{
	const char *const records[][2] = {
		{ "brisbane._domainkey.football.example.com",
		    rfc8463_ed25519 },
		{ "test._domainkey.football.example.com", rfc8463_rsa },
	};

	(void)state;
	all_pass(zone_with(records, 2), rfc8463_header, rfc8463_body, 2);
}

static void
rfc6376(void **state)
{
	const char *const spki[][2] = {
		{ "brisbane._domainkey.example.com", rfc6376_spki },
	};
	const char *const pkcs1[][2] = {
		{ "brisbane._domainkey.example.com", rfc6376_pkcs1 },
	};

	(void)state;
	all_pass(zone_with(spki, 1), rfc6376_header, rfc6376_body, 1);
	all_pass(zone_with(pkcs1, 1), rfc6376_header, rfc6376_body, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8463),
		cmocka_unit_test(rfc6376),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
