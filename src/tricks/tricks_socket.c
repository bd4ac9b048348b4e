/* Address families that nobody builds software with, and that the kernel has bugs in. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "trick.h"

static int hold_socket(int domain, int type, int protocol)
{
	return hold_fd(socket(domain, type, protocol));
}

static int packet(void)
{
	return hold_socket(AF_PACKET, SOCK_RAW, 0x0300);
}

static int packet_in_namespace(void)
{
	return in_namespace(CLONE_NEWNET, packet);
}

static int vsock(void)
{
	return hold_socket(AF_VSOCK, SOCK_STREAM, 0);
}

static int raw_icmp(void)
{
	return hold_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int raw_v6(void)
{
	return hold_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
}

static int raw_in_namespace(void)
{
	return in_namespace(CLONE_NEWNET, raw_icmp);
}

static int ping(void)
{
	return hold_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static int crypto(void)
{
	return hold_socket(AF_ALG, SOCK_SEQPACKET, 0);
}

static int netfilter(void)
{
	return hold_socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

static int audit(void)
{
	return hold_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}

static int uevents(void)
{
	return hold_socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
}

static int diag(void)
{
	return hold_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
}

static int transform(void)
{
	return hold_socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM);
}

static int generic(void)
{
	return hold_socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}

static int xdp(void)
{
	return hold_socket(44 /* AF_XDP */, SOCK_RAW, 0);
}

static int stream_control(void)
{
	return hold_socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP) &
	       hold_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

/* Families that load a module of their own when asked for. */
static int odd(void)
{
	static const int families
		[] = { AF_BLUETOOTH,  AF_CAN,  AF_KEY,           AF_RDS,       AF_TIPC,
		       AF_LLC,        AF_NFC,  AF_KCM,           AF_X25,       AF_AX25,
		       AF_APPLETALK,  AF_IPX,  AF_PPPOX,         AF_RXRPC,     AF_PHONET,
		       AF_IEEE802154, AF_CAIF, 42 /* QIPCRTR */, 43 /* SMC */, 45 /* MCTP */ };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET };

	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		for (size_t k = 0; k < sizeof types / sizeof types[0]; k++)
			for (int protocol = 0; protocol < 3; protocol++)
				hold_socket(families[i], types[k], protocol);
	return 1;
}

static int pair(void)
{
	int ends[2];

	/* socketpair() makes sockets too, and a filter may have forgotten it */
	return socketpair(AF_TIPC, SOCK_STREAM, 0, ends) < 0 ? 1 : hold_fd(ends[0]);
}

/* The names of the network devices. */
static int devices(void)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} ask = { { sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { 0 } };
	char bytes[16384];
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	ssize_t n;

	if (fd < 0 || send(fd, &ask, sizeof ask, 0) < 0)
		return 1;
	while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		say_bytes(bytes, (size_t)n);
	(void)leak("/proc/net/dev");
	return 0;
}

const struct trick socket_tricks[] = {
	{ "N07", "sockets", "socket 17 * *", "AF_PACKET in an own network namespace",
	  packet_in_namespace },
	{ "N08", "sockets", "socket 40 * *", "AF_VSOCK: the hypervisor", vsock },
	{ "N09", "sockets", "socket 2 3 *", "a raw ICMP socket", raw_icmp },
	{ "N29", "sockets", "socket 17 * *", "AF_PACKET", packet },
	{ "N30", "sockets", "socket 10 3 *", "a raw ICMPv6 socket", raw_v6 },
	{ "N31", "sockets", "socket 2 3 *", "a raw socket in an own network namespace",
	  raw_in_namespace },
	{ "N32", "sockets", "socket 2 2 1", "a ping socket", ping },
	{ "N33", "sockets", "interface", "the host's network devices", devices },
	{ "N34", "sockets", "socket 2 * 132", "SCTP", stream_control },
	{ "N35", "sockets", "socket 44 * *", "AF_XDP", xdp },
	{ "N36", "sockets", "socket odd * *", "some twenty odd address families", odd },
	{ "N37", "sockets", "socket 30 * *", "socketpair() of an odd family", pair },
	{ "K01", "sockets", "socket 38 * *", "AF_ALG: the kernel's ciphers", crypto },
	{ "K02", "sockets", "socket 16 * 12", "netlink: netfilter", netfilter },
	{ "K20", "sockets", "socket 16 * 9", "netlink: audit", audit },
	{ "K21", "sockets", "socket 16 * 15", "netlink: uevents", uevents },
	{ "K22", "sockets", "socket 16 * 4", "netlink: socket lists", diag },
	{ "K23", "sockets", "socket 16 * 6", "netlink: transformations", transform },
	{ "K24", "sockets", "socket 16 * 16", "netlink: generic", generic },
	{ 0 },
};
