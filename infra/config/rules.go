package config

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// minToken is the minimum length of a token that cannot be guessed. openssl rand -hex 32 gives 64
// characters.
const minToken = 32

func secretProblems(c *Config) []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	s := c.Secrets
	if !s.DatabaseURL.IsSet() {
		problem("databaseURL: is required: pulumi config set --secret databaseURL postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full")
	} else if u, err := url.Parse(s.DatabaseURL.value); err != nil || u.Host == "" || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// The message contains neither the value nor the parser's error, which repeats it.
		problem("databaseURL: is not a URL such as postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full")
	}
	if s.DatabaseCA.IsSet() && !x509.NewCertPool().AppendCertsFromPEM([]byte(s.DatabaseCA.value)) {
		problem("databaseCA: holds no certificate in PEM format: pulumi config set --secret databaseCA < ca.pem")
	}
	if s.DatabaseCA.IsSet() && !strings.Contains(s.DatabaseURL.value, "sslmode=verify-full") {
		problem("databaseCA: has no effect without sslmode=verify-full in databaseURL: append it")
	}
	if !s.AppToken.IsSet() {
		problem(`appToken: is required: pulumi config set --secret appToken "$(openssl rand -hex 32)"`)
	} else if len(s.AppToken.value) < minToken {
		problem(`appToken: has fewer than %d characters: pulumi config set --secret appToken "$(openssl rand -hex 32)"`, minToken)
	}
	pairs := []struct {
		a, b       string
		aSet, bSet bool
	}{
		{"app.emailFrom", "the secret smtpURL", c.App.EmailFrom != "", s.SMTPURL.IsSet()},
		{"app.vapidPublicKey", "the secret vapidPrivateKey", c.App.VAPIDPublicKey != "", s.VAPIDPrivateKey.IsSet()},
		{"the secret tlsCertificate", "the secret tlsKey", s.TLSCertificate.IsSet(), s.TLSKey.IsSet()},
	}
	for _, p := range pairs {
		if p.aSet != p.bSet {
			problem("set both %s and %s, or neither", p.a, p.b)
		}
	}
	other := c.App.TLS.SecretName != "" || c.App.TLS.Issuer != "" || c.App.TLS.Terminated
	if s.TLSCertificate.IsSet() && other {
		problem("app.tls: there are two sources, your certificate (tlsCertificate) and another one: remove one")
	}
	// Browsers do not send a cookie of an https address over plain HTTP, so that nobody could log in.
	if u, err := url.Parse(c.App.PublicURL); err == nil && u.Scheme == "https" && !s.TLSCertificate.IsSet() && !other {
		problem("app.tls: app.publicURL is %s, but web has no certificate: set the secrets tlsCertificate and tlsKey, app.tls.issuer or "+
			"app.tls.secretName, or set app.tls.terminated to true if a proxy in front serves HTTPS", c.App.PublicURL)
	}
	if s.DockerConfig.IsSet() && !json.Valid([]byte(s.DockerConfig.value)) {
		problem("dockerConfig: is not the content of a file such as ~/.docker/config.json")
	}
	if c.Existing == nil && s.Kubeconfig.IsSet() {
		problem("kubeconfig: has no effect, because cloud is %q: pulumi config rm kubeconfig", c.Cloud)
	}
	return problems
}
