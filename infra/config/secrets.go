package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Secret is a value that is neither printed nor stored in the clear.
type Secret struct{ value string }

// IsSet says whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// Output is the value for resources; Pulumi encrypts it in the state and hides it in what it prints.
func (s Secret) Output() pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.String(s.value)).(pulumi.StringOutput)
}

// String hides the value.
func (Secret) String() string { return "[secret]" }

// GoString hides the value.
func (Secret) GoString() string { return "[secret]" }

// Secrets are set with pulumi config set --secret NAME, and nowhere else.
type Secrets struct {
	// DatabaseURL is PostgreSQL's, postgres://user:password@host/database?sslmode=verify-full
	DatabaseURL Secret `secret:"databaseURL"`
	// AppToken is what sidecars and services know each other by.
	AppToken Secret `secret:"appToken"`
	// BrokerUsername is of a broker outside the cluster; one in it has a user of its own.
	BrokerUsername Secret `secret:"brokerUsername"`
	BrokerPassword Secret `secret:"brokerPassword"`
	// BrokerCA is the authority in PEM form that signed a given broker's certificates, if it is none of the well-known.
	BrokerCA Secret `secret:"brokerCA"`
	// Kubeconfig is of an existing cluster.
	Kubeconfig Secret `secret:"kubeconfig"`
	// SMTPURL and VAPIDPrivateKey turn e-mail and web push on.
	SMTPURL         Secret `secret:"smtpURL"`
	VAPIDPrivateKey Secret `secret:"vapidPrivateKey"`
	// TLSCertificate and TLSKey are web's, in PEM form.
	TLSCertificate Secret `secret:"tlsCertificate"`
	TLSKey         Secret `secret:"tlsKey"`
}

// DatabasePort is the port in the database's URL, or PostgreSQL's own. Network policies name it.
func (c *Config) DatabasePort() int {
	const usual = 5432
	u, err := url.Parse(c.Secrets.DatabaseURL.value)
	if err != nil {
		return usual // it was checked when it was read
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return usual
	}
	return port
}

// Checksum changes when a secret does that running programs have read. The application's token makes it impossible to
// guess anything from it.
func (c *Config) Checksum() string {
	hash := sha256.New()
	s := c.Secrets
	for _, part := range []string{
		s.AppToken.value, s.DatabaseURL.value, s.BrokerUsername.value, s.BrokerPassword.value, s.BrokerCA.value, s.SMTPURL.value,
		s.VAPIDPrivateKey.value, c.App.EmailFrom, c.App.VAPIDPublicKey, c.App.VAPIDSubject,
	} {
		hash.Write([]byte(part))
		hash.Write([]byte{0})
	}
	return hex.EncodeToString(hash.Sum(nil))
}
