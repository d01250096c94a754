/*
 * mfi_priv - mfi_socket.c and mfi_workarounds.c as mfi.c sees them
 */
#ifndef MILLGATE_MFI_PRIV_H
#define MILLGATE_MFI_PRIV_H

#include <stdbool.h>

/*
 * Have libmilter listen at `socket`, or at the listening descriptor `passed`
 * if it is not -1. False with *why (malloced; the caller frees).
 */
bool	mfi_socket_open(const char *socket, int passed, char **why);

/* The descriptor at which libmilter accepts connections. */
void	mfi_listens_at(int fd);
/* libmilter closes a connection that it has accepted. */
void	mfi_socket_closed(void);

#endif
