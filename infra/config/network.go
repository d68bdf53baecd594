package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// Validate returns what is wrong with the section.
func (o *OKE) Validate() error {
	return errors.Join(append(fieldMistakes("oke", o), o.networkMistakes()...)...)
}

// Validate returns what is wrong with the section.
func (a *AKS) Validate() error {
	return errors.Join(append(fieldMistakes("aks", a), a.networkMistakes()...)...)
}

// Validate returns what is wrong with the section.
func (g *GKE) Validate() error {
	return errors.Join(append(fieldMistakes("gke", g), g.networkMistakes()...)...)
}

// networkMistakes checks the addresses of the cloud that was chosen.
func networkMistakes(c *Config) []error {
	switch {
	case c.OKE != nil:
		return c.OKE.networkMistakes()
	case c.AKS != nil:
		return c.AKS.networkMistakes()
	case c.GKE != nil:
		return c.GKE.networkMistakes()
	}
	return nil
}

func (o *OKE) networkMistakes() []error {
	n := o.Network
	return n.mistakes("oke.network", map[string]string{"nodes": n.Nodes, "controlPlane": n.ControlPlane, "balancers": n.Balancers},
		map[string]string{"pods": n.Pods, "services": n.Services})
}

func (a *AKS) networkMistakes() []error {
	n := a.Network
	unused := n.unused("aks.network", map[string]string{"controlPlane": n.ControlPlane, "balancers": n.Balancers})
	return append(unused, n.mistakes("aks.network", map[string]string{"nodes": n.Nodes},
		map[string]string{"pods": n.Pods, "services": n.Services})...)
}

func (g *GKE) networkMistakes() []error {
	n := g.Network
	unused := n.unused("gke.network", map[string]string{"balancers": n.Balancers})
	return append(unused, n.mistakes("gke.network", map[string]string{"nodes": n.Nodes},
		map[string]string{"pods": n.Pods, "services": n.Services, "controlPlane": n.ControlPlane})...)
}

// unused returns a mistake for each range that the cloud has no use for.
func (Network) unused(section string, ranges map[string]string) []error {
	var mistakes []error
	for _, name := range sorted(ranges) {
		if ranges[name] != "" {
			mistakes = append(mistakes, fmt.Errorf("%s.%s: has no effect on this cloud: remove it", section, name))
		}
	}
	return mistakes
}

// mistakes returns what overlaps, what lies outside the network and should be inside, and the reverse. Ranges that are no
// ranges have been reported.
func (n Network) mistakes(section string, inside, outside map[string]string) []error {
	network, err := netip.ParsePrefix(n.CIDR)
	if err != nil {
		return nil
	}
	var mistakes []error
	type named struct {
		name   string
		prefix netip.Prefix
	}
	var seen []named
	add := func(name, cidr string, isInside bool) {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			if cidr == "" {
				mistakes = append(mistakes, fmt.Errorf("%s.%s: is required", section, name))
			}
			return
		}
		contained := network.Overlaps(prefix) && network.Bits() <= prefix.Bits()
		switch {
		case isInside && !contained:
			mistakes = append(mistakes, fmt.Errorf("%s.%s: %s is not inside %s.cidr, %s", section, name, cidr, section, n.CIDR))
		case !isInside && network.Overlaps(prefix):
			mistakes = append(mistakes, fmt.Errorf("%s.%s: %s overlaps %s.cidr, %s: choose another private network (RFC 1918)",
				section, name, cidr, section, n.CIDR))
		}
		for _, other := range seen {
			if other.prefix.Overlaps(prefix) {
				mistakes = append(mistakes, fmt.Errorf("%s.%s: %s overlaps %s.%s, %s: choose another private network (RFC 1918)",
					section, name, cidr, section, other.name, other.prefix))
			}
		}
		seen = append(seen, named{name, prefix})
	}
	for _, name := range sorted(inside) {
		add(name, inside[name], true)
	}
	for _, name := range sorted(outside) {
		add(name, outside[name], false)
	}
	return mistakes
}

func sorted(ranges map[string]string) []string { return slices.Sorted(maps.Keys(ranges)) }
