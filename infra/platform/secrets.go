package platform

import (
	"fmt"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The names of the secrets. Dapr's components (dapr/components) refer to the broker's.
const (
	databaseSecret = "database"
	brokerSecret   = "kafka"
	tokensSecret   = "tokens"
	tlsSecret      = "web-tls"
)

// secrets makes what the services and their sidecars read.
func (m maker) secrets(p *Platform, b broker) error {
	s, app := m.args.Secrets, m.args.App
	var err error
	if p.DatabaseSecret, err = m.secret(databaseSecret, p.Namespace, "Opaque", pulumi.StringMap{"url": s.DatabaseURL.Output()}); err != nil {
		return err
	}
	p.BrokerSecret, err = m.secret(brokerSecret, p.Namespace, "Opaque", pulumi.StringMap{
		"brokers": pulumi.String(strings.Join(b.addresses, ",")), "username": b.username, "password": s.BrokerPassword.Output(), "ca.crt": b.authority,
	})
	if err != nil {
		return err
	}
	// The keys are those that the chart reads (infra/chart/values.yaml).
	tokens := pulumi.StringMap{"token": s.AppToken.Output()}
	if s.SMTPURL.IsSet() {
		tokens["smtp-url"] = s.SMTPURL.Output()
	}
	if s.VAPIDPrivateKey.IsSet() {
		tokens["vapid-private-key"], tokens["vapid-public-key"] = s.VAPIDPrivateKey.Output(), pulumi.String(app.VAPIDPublicKey)
	}
	if p.TokensSecret, err = m.secret(tokensSecret, p.Namespace, "Opaque", tokens); err != nil {
		return err
	}
	p.TLSSecret = pulumi.String(app.TLS.SecretName).ToStringOutput()
	if s.TLSCertificate.IsSet() {
		p.TLSSecret, err = m.secret(tlsSecret, p.Namespace, "kubernetes.io/tls", pulumi.StringMap{
			"tls.crt": s.TLSCertificate.Output(), "tls.key": s.TLSKey.Output(),
		})
	}
	return err
}

// secret makes a secret and returns its name.
func (m maker) secret(name string, namespace pulumi.StringInput, kind string, values pulumi.StringMap) (pulumi.StringOutput, error) {
	made, err := corev1.NewSecret(m.ctx, m.child(name), &corev1.SecretArgs{
		Metadata: m.metadata(name, namespace.ToStringOutput().ToStringPtrOutput(), nil, nil), Type: pulumi.String(kind), StringData: values,
	}, m.opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("make secret %s: %w", name, err)
	}
	return made.Metadata.Name().Elem(), nil
}
