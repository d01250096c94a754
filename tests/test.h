/*
 * test - what every unit test includes first: cmocka and what it needs
 */
#ifndef MILLGATE_TEST_H
#define MILLGATE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* A row of a table failed: say which, then fail. */
#define row_fail(name, ...) do {			\
	print_error("row \"%s\": ", (name));		\
	print_error(__VA_ARGS__);			\
	print_error("\n");				\
	fail();						\
} while (0)

#endif
