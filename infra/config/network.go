package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// Validate returns the problems of the section.
func (o *OKE) Validate() error {
	return errors.Join(append(fieldProblems("oke", o), o.networkProblems()...)...)
}

// Validate returns the problems of the section.
func (a *AKS) Validate() error {
	return errors.Join(append(fieldProblems("aks", a), a.networkProblems()...)...)
}

// Validate returns the problems of the section.
func (g *GKE) Validate() error {
	return errors.Join(append(fieldProblems("gke", g), g.networkProblems()...)...)
}

// networkProblems checks the address ranges of the chosen cloud.
func networkProblems(c *Config) []error {
	switch {
	case c.OKE != nil:
		return c.OKE.networkProblems()
	case c.AKS != nil:
		return c.AKS.networkProblems()
	case c.GKE != nil:
		return c.GKE.networkProblems()
	}
	return nil
}

func (o *OKE) networkProblems() []error {
	n := o.Network
	return n.problems("oke.network", map[string]string{"nodes": n.Nodes, "controlPlane": n.ControlPlane, "balancers": n.Balancers},
		map[string]string{"pods": n.Pods, "services": n.Services})
}

func (a *AKS) networkProblems() []error {
	n := a.Network
	unused := n.unused("aks.network", map[string]string{"controlPlane": n.ControlPlane, "balancers": n.Balancers})
	return append(unused, n.problems("aks.network", map[string]string{"nodes": n.Nodes},
		map[string]string{"pods": n.Pods, "services": n.Services})...)
}

func (g *GKE) networkProblems() []error {
	n := g.Network
	unused := n.unused("gke.network", map[string]string{"balancers": n.Balancers})
	return append(unused, n.problems("gke.network", map[string]string{"nodes": n.Nodes},
		map[string]string{"pods": n.Pods, "services": n.Services, "controlPlane": n.ControlPlane})...)
}

// unused returns a problem for each range that the cloud does not use.
func (Network) unused(section string, ranges map[string]string) []error {
	var problems []error
	for _, name := range sorted(ranges) {
		if ranges[name] != "" {
			problems = append(problems, fmt.Errorf("%s.%s: has no effect on this cloud: remove it", section, name))
		}
	}
	return problems
}

// problems returns the ranges that overlap, and those on the wrong side of the network's range.
// Invalid ranges were already reported.
func (n Network) problems(section string, inside, outside map[string]string) []error {
	network, err := netip.ParsePrefix(n.CIDR)
	if err != nil {
		return nil
	}
	var problems []error
	type named struct {
		name   string
		prefix netip.Prefix
	}
	var seen []named
	add := func(name, cidr string, isInside bool) {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			if cidr == "" {
				problems = append(problems, fmt.Errorf("%s.%s: is required", section, name))
			}
			return
		}
		contained := network.Overlaps(prefix) && network.Bits() <= prefix.Bits()
		switch {
		case isInside && !contained:
			problems = append(problems, fmt.Errorf("%s.%s: %s is not inside %s.cidr, %s", section, name, cidr, section, n.CIDR))
		case !isInside && network.Overlaps(prefix):
			problems = append(problems, fmt.Errorf("%s.%s: %s overlaps %s.cidr, %s: choose another private network (RFC 1918)",
				section, name, cidr, section, n.CIDR))
		}
		for _, other := range seen {
			if other.prefix.Overlaps(prefix) {
				problems = append(problems, fmt.Errorf("%s.%s: %s overlaps %s.%s, %s: choose another private network (RFC 1918)",
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
	return problems
}

func sorted(ranges map[string]string) []string { return slices.Sorted(maps.Keys(ranges)) }
