/*
 * mfi_priv - mfi_workarounds.c as mfi.c sees it
 */
#ifndef MILLGATE_MFI_PRIV_H
#define MILLGATE_MFI_PRIV_H

/* The lowest free descriptor; the next socket that is opened gets it. */
int	mfi_socket_next(void);
/* Set our options on the sockets that listen at `first_fd` or soon after. */
void	mfi_socket_options(int first_fd);

#endif
