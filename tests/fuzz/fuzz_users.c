/*
 * fuzz_users: any text is a users-file or is refused with reasons; every
 * entry has a folded login under which it is found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "users.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct plan_rules	 trial = { "trial", { 1000, 1000 } };
	static const struct users_plans	 plans = { &trial, 1 };
	struct arena	*a = arena_new(0);
	struct users	*u = users_new(a);
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
	arena_free(&a);
	return 0;
}
