package external

import "net/netip"

// special are the networks outside the public Internet (IANA's special-purpose address registries).
// It includes the public addresses at which clouds serve metadata and credentials to their
// machines.
var special = prefixes(
	"0.0.0.0/8",        // this host
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // shared by carriers; Alibaba's metadata
	"127.0.0.0/8",      // loopback
	"168.63.129.16/32", // Azure's host
	"169.254.0.0/16",   // link-local; metadata of most clouds
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocol assignments; Oracle's metadata
	"192.0.2.0/24",     // documentation
	"192.88.99.0/24",   // 6to4 relays
	"192.168.0.0/16",   // private
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, broadcast
	"2001::/23",        // protocol assignments; Teredo
	"2001:db8::/32",    // documentation
	"2002::/16",        // 6to4: any IPv4 address
	"3fff::/20",        // documentation
)

var (
	// globalUnicast is the assigned part of IPv6. Loopback, unique local, link-local and multicast
	// addresses are outside.
	globalUnicast = netip.MustParsePrefix("2000::/3")
	// nat64 contains the IPv4 Internet for machines with only IPv6 (RFC 6052).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

// IsPublic reports whether an address is on the public Internet, as far as the address shows.
func IsPublic(a netip.Addr) bool {
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return (a.Is4() || globalUnicast.Contains(a)) && !Contains(special, a)
}

// Contains reports whether one of networks has an address.
func Contains(networks []netip.Prefix, a netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(list ...string) []netip.Prefix {
	networks := make([]netip.Prefix, len(list))
	for i, s := range list {
		networks[i] = netip.MustParsePrefix(s)
	}
	return networks
}
