/*
 * baremilter - the lower bound for the cost of a milter
 *
 * It uses libmilter and, with a key, makes one SHA-256 pass over the message
 * and one RSA signature; the key is loaded once. It has no policy and does not
 * canonicalize. No filter that signs and uses libmilter can be cheaper.
 * usage: baremilter SOCKET [KEY.pem]
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static EVP_PKEY *key;

static sfsistat
negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1,
    unsigned long *pf2, unsigned long *pf3)
{
	(void)ctx;
	(void)f0;
	(void)f2;
	(void)f3;
	*pf0 = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
	*pf1 = f1 & (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR |
	    SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NODATA | SMFIP_NOUNKNOWN |
	    SMFIP_HDR_LEADSPC);
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *addr)
{
	(void)ctx;
	(void)name;
	(void)addr;
	return SMFIS_NOREPLY;
}

static sfsistat
on_helo(SMFICTX *ctx, char *helo)
{
	(void)ctx;
	(void)helo;
	return SMFIS_NOREPLY;
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	EVP_MD_CTX *md = smfi_getpriv(ctx);

	(void)argv;
	if (md == NULL)
		smfi_setpriv(ctx, md = EVP_MD_CTX_new());
	if (key != NULL)
		EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key);
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	EVP_MD_CTX *md = smfi_getpriv(ctx);

	if (key != NULL && md != NULL) {
		EVP_DigestSignUpdate(md, name, strlen(name));
		EVP_DigestSignUpdate(md, value, strlen(value));
	}
	return SMFIS_NOREPLY;
}

static sfsistat
on_eoh(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_NOREPLY;
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	EVP_MD_CTX *md = smfi_getpriv(ctx);

	if (key != NULL && md != NULL)
		EVP_DigestSignUpdate(md, data, len);
	return SMFIS_NOREPLY;
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	EVP_MD_CTX	*md = smfi_getpriv(ctx);
	unsigned char	 sig[1024];
	size_t		 len = sizeof(sig);
	char		 value[64] = " none";

	if (key != NULL && md != NULL && EVP_DigestSignFinal(md, sig, &len))
		snprintf(value, sizeof(value), " %02x%02x", sig[0], sig[1]);
	smfi_insheader(ctx, 0, (char *)(uintptr_t)"X-Floor", value);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	EVP_MD_CTX_free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

/* As millgate does: avoids 40 ms of Nagle's algorithm after each edit. */
static void
quick_answers(void)
{
	int fd, one = 1, listening;
	socklen_t len = sizeof(listening);

	for (fd = 3; fd < 64; fd++)
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
		    &len) == 0 && listening)
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
			    sizeof(one));
}

int
main(int argc, char **argv)
{
	static char		name[] = "baremilter";
	const struct smfiDesc	filter = {
		.xxfi_name = name, .xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_negotiate = negotiate, .xxfi_connect = on_connect,
		.xxfi_helo = on_helo, .xxfi_envfrom = on_mail,
		.xxfi_header = on_header, .xxfi_eoh = on_eoh,
		.xxfi_body = on_body, .xxfi_eom = on_eom,
		.xxfi_close = on_close,
	};
	FILE			*f;

	if (argc < 2)
		return 2;
	if (argc > 2) {
		f = fopen(argv[2], "r");
		key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) :
		    NULL;
		if (key == NULL)
			return 2;
		fclose(f);
	}
	smfi_setconn(argv[1]);
	if (smfi_register(filter) != MI_SUCCESS)
		return 2;
	if (smfi_opensocket(1) != MI_SUCCESS)
		return 2;
	quick_answers();
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
