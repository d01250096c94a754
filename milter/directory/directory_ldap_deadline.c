/*
 * directory_ldap_deadline - a time at which liblber gives up
 */
#include <sys/socket.h>

#include <lber.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include "base/monotonic.h"
#include "directory_ldap_deadline_priv.h"

/* Above the socket, whatever is added there later, and below TLS. */
#define DEADLINE_LEVEL	((LBER_SBIOD_LEVEL_PROVIDER + \
			    LBER_SBIOD_LEVEL_TRANSPORT) / 2)

static int
deadline_setup(Sockbuf_IO_Desc *io, void *arg)
{
	io->sbiod_pvt = arg;
	return 0;
}

static int
deadline_remove(Sockbuf_IO_Desc *io)
{
	io->sbiod_pvt = NULL;
	return 0;
}

static int
deadline_ctrl(Sockbuf_IO_Desc *io, int option, void *arg)
{
	return LBER_SBIOD_CTRL_NEXT(io, option, arg);
}

/* Wait until the socket is ready; an error that nobody repeats if it is not. */
static bool
deadline_wait(Sockbuf_IO_Desc *io, short events)
{
	struct directory_ldap_deadline	*d = io->sbiod_pvt;
	struct pollfd			 p = { -1, events, 0 };
	int				 rc;

	ber_sockbuf_ctrl(io->sbiod_sb, LBER_SB_OPT_GET_FD, &p.fd);
	rc = monotonic_poll(&p, d->at);
	if (rc == 0) {
		d->missed = true;
		errno = ETIMEDOUT;
	}
	return rc > 0;
}

static ber_slen_t
deadline_read(Sockbuf_IO_Desc *io, void *data, ber_len_t length)
{
	/* a layer below may have read more than it was asked for */
	if (LBER_SBIOD_CTRL_NEXT(io, LBER_SB_OPT_DATA_READY, NULL) != 1 &&
	    !deadline_wait(io, POLLIN))
		return -1;
	return LBER_SBIOD_READ_NEXT(io, data, length);
}

static ber_slen_t
deadline_write(Sockbuf_IO_Desc *io, void *data, ber_len_t length)
{
	int fd = -1;

	if (!deadline_wait(io, POLLOUT))
		return -1;
	/* not by the layer below: its write(2) raises SIGPIPE */
	ber_sockbuf_ctrl(io->sbiod_sb, LBER_SB_OPT_GET_FD, &fd);
	return send(fd, data, length, MSG_NOSIGNAL);
}

static int
deadline_close(Sockbuf_IO_Desc *io)
{
	(void)io;
	return 0;
}

static Sockbuf_IO deadline_io = {
	deadline_setup, deadline_remove, deadline_ctrl, deadline_read,
	deadline_write, deadline_close
};

void
directory_ldap_deadline_add(Sockbuf *sb, struct directory_ldap_deadline *d)
{
	ber_sockbuf_add_io(sb, &deadline_io, DEADLINE_LEVEL, d);
}
