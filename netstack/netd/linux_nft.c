/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule sets by nfnetlink: one batch is one transaction, the kernel takes all of it or nothing. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "netstack/netd/linux.h"
#include "netstack/netd/nft_text.h"

int linux_rules_set(struct backend *backend, const char *space, const char *text,
		    const char *change, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct netlink netlink;
	int result = nft_compile(change != NULL ? change : text, &request, error);

	if (result < 0)
		return result;
	result = linux_netlink_open(backend, space, NETLINK_NETFILTER, &netlink, error);
	if (result == 0)
		result = netlink_batch(&netlink, &request, error);
	netlink_close(&netlink);
	if (result < 0)
		error_prefix(error, "rules");
	return result;
}

bool linux_rules_present(struct backend *backend)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct nfgenmsg header = { .nfgen_family = NFPROTO_BRIDGE, .version = NFNETLINK_V0 };
	struct netlink netlink;
	int result = linux_netlink_open(backend, "", NETLINK_NETFILTER, &netlink, NULL);

	netlink_begin(&request, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_ACK, &header,
		      sizeof(header));
	netlink_put_string(&request, NFTA_TABLE_NAME, "cumulet");
	if (result == 0)
		result = netlink_query(&netlink, &request, NULL, NULL, NULL);
	netlink_close(&netlink);
	return result == 0;
}
