/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix stream sockets with a name, close-on-exec and not blocking: a descriptor or -errno. */
#ifndef CUMULET_HYPERVISOR_SOCKET_PATH_H
#define CUMULET_HYPERVISOR_SOCKET_PATH_H

/* Replaces what stands at 'path'; mode 0600. The socket itself blocks: QEMU expects that. */
int socket_path_listen(const char *path);
int socket_path_connect(const char *path);

#endif
