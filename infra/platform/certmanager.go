//go:build !race

package platform

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/helm"
)

const certManagerAPI = "cert-manager.io/v1"

// certManager installs cert-manager, which Redpanda's operator and certificates of an issuer
// require. It returns nil if it is not needed.
func (b builder) certManager() ([]pulumi.Resource, error) {
	if !*b.args.CertManager {
		return nil, nil
	}
	namespace, err := b.namespace("cert-manager", restricted)
	if err != nil {
		return nil, err
	}
	release, err := b.install(helm.Args{
		Name: "cert-manager", Namespace: nameOf(namespace),
		Chart: "cert-manager", Repository: "https://charts.jetstack.io", Version: certManagerVersion,
		Values: pulumi.Map{
			"crds": pulumi.Map{"enabled": pulumi.Bool(true)},
			// The default for the election is kube-system, where GKE Autopilot lets nobody write.
			"global": pulumi.Map{
				"commonLabels": b.labels(nil), "leaderElection": pulumi.Map{"namespace": nameOf(namespace)},
			},
			"resources":       resources("20m", "64Mi", "256Mi"),
			"webhook":         pulumi.Map{"resources": resources("20m", "32Mi", "128Mi")},
			"cainjector":      pulumi.Map{"resources": resources("20m", "64Mi", "256Mi")},
			"startupapicheck": pulumi.Map{"resources": resources("20m", "32Mi", "128Mi")},
		},
	})
	if err != nil {
		return nil, err
	}
	return []pulumi.Resource{release}, nil
}

// certificate requests web's certificate from cert-manager if an issuer is configured. It creates
// the issuer if the stack specifies it.
func (b builder) certificate(p *Platform, certManager []pulumi.Resource) error {
	tls := b.args.App.TLS
	if tls.Issuer == "" {
		return nil
	}
	address, err := url.Parse(b.args.App.PublicURL)
	if err != nil {
		return fmt.Errorf("app.publicURL: %w", err)
	}
	ready := certManager
	if tls.IssuerSpec != nil {
		issuer := object{apiVersion: certManagerAPI, kind: tls.IssuerKind, name: tls.Issuer, spec: pulumi.ToMap(tls.IssuerSpec), wait: true}
		if tls.IssuerKind == "Issuer" {
			issuer.namespace = p.Namespace
		}
		made, err := b.object(issuer, pulumi.DependsOn(certManager))
		if err != nil {
			return err
		}
		ready = append(slices.Clone(ready), made)
	}
	made, err := b.object(object{
		apiVersion: certManagerAPI, kind: "Certificate", name: "web", namespace: p.Namespace, wait: true,
		spec: pulumi.Map{
			"secretName": pulumi.String(tlsSecret),
			"dnsNames":   pulumi.ToStringArray([]string{address.Hostname()}),
			"issuerRef":  pulumi.StringMap{"kind": pulumi.String(tls.IssuerKind), "name": pulumi.String(tls.Issuer)},
			"privateKey": pulumi.StringMap{"algorithm": pulumi.String("ECDSA"), "rotationPolicy": pulumi.String("Always")},
		},
	}, pulumi.DependsOn(ready))
	if err != nil {
		return err
	}
	p.TLSSecret = pulumi.String(tlsSecret).ToStringOutput()
	p.Ready = append(p.Ready, made)
	return nil
}
