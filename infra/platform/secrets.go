//go:build !race

package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/config"
)

// These are the names of the secrets. The broker's has the name of its component's folder.
const (
	databaseSecret = "database"
	tokensSecret   = "tokens"
	tlsSecret      = "web-tls"
	registrySecret = "registry"
	tracesSecret   = "traces"
)

// secrets creates the secrets of the services and their sidecars.
func (b builder) secrets(p *Platform, br broker) error {
	s, app := b.args.Secrets, b.args.App
	var err error
	database := pulumi.StringMap{"url": b.args.DatabaseAddress().Output()}
	if s.DatabaseCA.IsSet() {
		database["ca.crt"] = s.DatabaseCA.Output()
	}
	if p.DatabaseSecret, err = b.secret(databaseSecret, p.Namespace, "Opaque", database); err != nil {
		return err
	}
	if p.BrokerSecret, err = b.brokerSecret(p.Namespace, br); err != nil {
		return err
	}
	// The chart reads these keys (infra/chart/values.yaml).
	tokens := pulumi.StringMap{"token": s.AppToken.Output()}
	if s.SMTPURL.IsSet() {
		tokens["smtp-url"] = s.SMTPURL.Output()
	}
	if s.SetupToken.IsSet() {
		tokens["setup-token"] = s.SetupToken.Output()
	}
	if s.ChannelKeys.IsSet() {
		tokens["channel-keys"] = s.ChannelKeys.Output()
	}
	if s.VAPIDPrivateKey.IsSet() {
		tokens["vapid-private-key"], tokens["vapid-public-key"] = s.VAPIDPrivateKey.Output(), pulumi.String(app.VAPIDPublicKey)
	}
	if p.TokensSecret, err = b.secret(tokensSecret, p.Namespace, "Opaque", tokens); err != nil {
		return err
	}
	if s.DockerConfig.IsSet() {
		if _, err = b.secret(registrySecret, p.Namespace, "kubernetes.io/dockerconfigjson", pulumi.StringMap{
			".dockerconfigjson": s.DockerConfig.Output(),
		}); err != nil {
			return err
		}
		p.PullSecrets = []string{registrySecret}
	}
	if s.TracesHeaders.IsSet() {
		if _, err = b.secret(tracesSecret, p.Namespace, "Opaque", pulumi.StringMap{"headers": s.TracesHeaders.Output()}); err != nil {
			return err
		}
		p.TracesSecret = tracesSecret
	}
	p.TLSSecret = pulumi.String(app.TLS.SecretName).ToStringOutput()
	if s.TLSCertificate.IsSet() {
		p.TLSSecret, err = b.secret(tlsSecret, p.Namespace, "kubernetes.io/tls", pulumi.StringMap{
			"tls.crt": s.TLSCertificate.Output(), "tls.key": s.TLSKey.Output(),
		})
	}
	return err
}

// brokerSecret creates the secret of the broker's components. Its name is empty for a broker without
// a secret.
func (b builder) brokerSecret(namespace pulumi.StringInput, br broker) (pulumi.StringOutput, error) {
	password := b.args.Secrets.BrokerPassword.Output()
	values := pulumi.StringMap{"ca.crt": br.authority}
	kind := b.args.Broker.Components()
	switch kind {
	case config.KafkaPlaintext:
		return pulumi.String("").ToStringOutput(), nil
	case config.NATS:
		values["token"] = password
	case config.RabbitMQ:
		values["url"] = b.args.BrokerURL().Output()
	case config.Redis:
		values["username"], values["password"] = br.username, password
	default:
		values["brokers"] = pulumi.String(strings.Join(br.addresses, ","))
		values["username"], values["password"] = br.username, password
	}
	return b.secret(kind, namespace, "Opaque", values)
}

// checksum returns a value that changes with any secret that programs read at the start. The
// broker's operator renews its authority by itself, and sidecars read it only at the start.
func (b builder) checksum(br broker) pulumi.StringOutput {
	sum := b.args.Checksum()
	// It includes the application's token, so that no secret can be guessed from it.
	return pulumi.Unsecret(br.authority.ToStringOutput().ApplyT(func(authority string) string {
		hash := sha256.Sum256([]byte(sum + authority))
		return hex.EncodeToString(hash[:])
	}).(pulumi.StringOutput)).(pulumi.StringOutput)
}

// secret creates a secret and returns its name.
func (b builder) secret(name string, namespace pulumi.StringInput, kind string, values pulumi.StringMap) (pulumi.StringOutput, error) {
	made, err := corev1.NewSecret(b.ctx, b.child(name), &corev1.SecretArgs{
		Metadata: b.metadata(name, namespace.ToStringOutput().ToStringPtrOutput(), nil, nil), Type: pulumi.String(kind), StringData: values,
	}, b.opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create secret %s: %w", name, err)
	}
	return made.Metadata.Name().Elem(), nil
}
