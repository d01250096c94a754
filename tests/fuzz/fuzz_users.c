/*
 * fuzz_users: any text is either a users-file or refused with reasons. Every
 * entry is found by its login in lower case. Any text is also read as the value
 * of a database column, and either accepted or refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "conf/users.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_values(struct arena *a, const struct users_plans *plans,
    const char *text)
{
	static const char *const keys[] = { "plan", "senders", "networks",
	    "second-factor", "certificates", "certificate-issuer", "block" };
	struct users_origin	 o = { a, plans, "fuzz" };
	struct user_rules	 user = { .login = "fuzz" };
	char			*why;
	size_t			 i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		why = NULL;
		if (users_set(&o, &user, keys[i], arena_strdup(a, text),
		    &why) != (why == NULL))
			abort();
		free(why);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct plan_rules	 trial = { "trial",
	    STORE_LIMITS_HOUR(1000, 1000) };
	static const struct users_plans	 plans = { &trial, 1 };
	struct arena	*a = arena_new(0);
	struct users	*u = users_new(a, NULL);
	char		*text = arena_memdup(a, data, size), *why = NULL;
	const struct user_rules *user;
	const char	*login;

	if (users_load_text(u, "fuzz", text, &plans, &why) != (why == NULL))
		abort();
	/* the first word, if it is a login */
	login = users_login(a, arena_memdup(a, text,
	    strcspn(text, " \t\r\n")));
	user = login != NULL ? users_find(u, login) : NULL;
	if (user != NULL && (strcmp(user->login, login) != 0 ||
	    (user->plan != NULL && user->plan != &trial)))
		abort();
	free(why);
	try_values(a, &plans, text);
	arena_free(&a);
	return 0;
}
