/*
 * verdict - the decision of a judge, and its SMTP reply
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mail/verdict.h"

static const char *const action_names[] = {
	"accept", "tag", "hold", "defer", "reject"
};

const char *
action_name(enum action a)
{
	return action_names[a];
}

struct verdict
verdict_accept(void)
{
	struct verdict v;

	/* each header field gets one: the texts are not filled with zeros */
	v.action = ACTION_ACCEPT;
	v.rule = "ok";
	v.code[0] = v.status[0] = v.text[0] = '\0';
	return v;
}

/* Arguments may hold text from the network: keep one printable line. */
static void __attribute__((format(printf, 2, 0)))
text_set(struct verdict *v, const char *fmt, va_list ap)
{
	char *p;

	vsnprintf(v->text, sizeof(v->text), fmt, ap);
	for (p = v->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

/* Split "550 5.7.1" into code and status; the first digit sets the action. */
static void
reply_set(struct verdict *v, const char *reply)
{
	v->action = reply[0] == '4' ? ACTION_DEFER : ACTION_REJECT;
	snprintf(v->code, sizeof(v->code), "%.3s", reply);
	snprintf(v->status, sizeof(v->status), "%.7s", reply + 4);
}

struct verdict
verdict_note(enum action a, const char *rule, const char *fmt, ...)
{
	struct verdict	 v = { .action = a, .rule = rule };
	va_list		 ap;

	va_start(ap, fmt);
	text_set(&v, fmt, ap);
	va_end(ap);
	return v;
}

struct verdict
verdict_refuse(const char *rule, const char *reply, const char *fmt, ...)
{
	struct verdict	 v = { .rule = rule };
	va_list		 ap;

	reply_set(&v, reply);
	va_start(ap, fmt);
	text_set(&v, fmt, ap);
	va_end(ap);
	return v;
}

struct verdict
verdict_by(enum action a, const char *rule, const char *reject_reply,
    const char *defer_reply, const char *fmt, ...)
{
	struct verdict	 v = { .action = a, .rule = rule };
	va_list		 ap;

	if (a == ACTION_REJECT)
		reply_set(&v, reject_reply);
	else if (a == ACTION_DEFER)
		reply_set(&v, defer_reply);
	va_start(ap, fmt);
	text_set(&v, fmt, ap);
	va_end(ap);
	return v;
}

static bool
is_plain_accept(const struct verdict *v)
{
	return v->action == ACTION_ACCEPT && strcmp(v->rule, "ok") == 0;
}

/* An accept by another rule than "ok" keeps its rule. */
bool
verdict_is_worse(const struct verdict *v, const struct verdict *than)
{
	return v->action > than->action ||
	    (is_plain_accept(than) && !is_plain_accept(v));
}

struct verdict
verdict_worse(struct verdict a, struct verdict b)
{
	return verdict_is_worse(&b, &a) ? b : a;
}
