/*
 * policy_mechanism - what each SASL mechanism proves
 */
#ifndef MILLGATE_POLICY_MECHANISM_H
#define MILLGATE_POLICY_MECHANISM_H

/* What a SASL mechanism proves. */
enum mechanism_class {
	MECHANISM_PLAINTEXT,	/* the password itself, and all unknown ones */
	MECHANISM_SCRAM,
	MECHANISM_TOKEN,	/* of an identity provider */
	MECHANISM_CERTIFICATE,	/* EXTERNAL */
	MECHANISM_OTHER		/* a password that is not sent itself */
};

/* NULL is an unknown one. */
enum mechanism_class policy_mechanism_class(const char *mechanism);

#endif
