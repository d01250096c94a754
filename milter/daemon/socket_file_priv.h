/*
 * socket_file - does anybody answer at the file of a unix socket?
 */
#ifndef MILLGATE_SOCKET_FILE_H
#define MILLGATE_SOCKET_FILE_H

/*
 * 0: somebody does. ENOENT: there is nothing. ECONNREFUSED: it is what a
 * process left that has gone, and can be removed. Any other errno: something
 * that must stay, such as a plain file.
 */
int	socket_file_asked(const char *path);

#endif
