/*
 * faults_signing - a scenario that signs, for which keys are made
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "dkim/crypto.h"
#include "faults/faults_signing.h"

/* A scenario that signs: its keys are files, one of which must not sign. */
static const char signing[] =
    "[conf]\n"
    "authserv-id = \"mx.example.net\"\n"
    "listener submission { daemon-ports = {587} direction = submission\n"
    "require-tls = no allow-plaintext = {\"127.0.0.1\"} }\n"
    "unlisted-users = any\n"
    "signing { key-directory = \"%s/keys\" }\n"
    "[session]\n"
    "macro {daemon_port} 587\n"
    "connect 127.0.0.1\n"
    "helo client\n"
    "macro {auth_type} PLAIN\n"
    "macro {auth_authen} alice@example.org\n"
    "mail <alice@example.org>\n"
    "rcpt <bob@example.net>\n"
    "[message]\n"
    "From: alice@example.org\n"
    "Authentication-Results: mx.example.net; spf=pass\n"
    "\n"
    "text\n"
    "[expect]\n"
    "eom accept\n"
    "insert DKIM-Signature: *rsa-sha256*\n"
    "insert DKIM-Signature: *ed25519-sha256*\n"
    "not insert DKIM-Signature: *s=old*\n";

static bool
write_file(const char *path, const char *text)
{
	FILE	*f = fopen(path, "w");
	bool	 ok;

	if (f == NULL)
		return false;
	ok = fputs(text, f) >= 0;
	return fclose(f) == 0 && ok && chmod(path, 0600) == 0;
}

static bool
write_key(const char *top, const char *name, enum crypto_type type)
{
	const char		*why;
	struct crypto_key	*key = crypto_key_generate(type, 2048, &why);
	struct buf		 pem = BUF_INIT;
	char			 path[128];
	bool			 ok;

	snprintf(path, sizeof(path), "%s/keys/example.org/%s.private", top,
	    name);
	ok = key != NULL && crypto_key_pem(key, &pem) &&
	    write_file(path, buf_str(&pem));
	crypto_key_free(&key);
	buf_free(&pem);
	return ok;
}

bool
signing_make(const char *top, char path[SIGNING_PATH])
{
	char text[2048], dir[64], marker[128];

	snprintf(dir, sizeof(dir), "%s/keys", top);
	if (mkdir(dir, 0700) != 0)
		return false;
	snprintf(dir, sizeof(dir), "%s/keys/example.org", top);
	if (mkdir(dir, 0700) != 0 || !write_key(top, "r", CRYPTO_RSA) ||
	    !write_key(top, "e", CRYPTO_ED25519) ||
	    !write_key(top, "old", CRYPTO_RSA))
		return false;
	snprintf(marker, sizeof(marker), "%s/old.retired", dir);
	if (!write_file(marker, ""))
		return false;
	snprintf(path, SIGNING_PATH, "%s/signing.case", top);
	snprintf(text, sizeof(text), signing, top);
	return write_file(path, text);
}
