package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Secret is a value that is never printed or stored in the clear.
type Secret struct{ value string }

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// Output returns the value for resources. Pulumi encrypts it in the state and hides it in its
// output.
func (s Secret) Output() pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.String(s.value)).(pulumi.StringOutput)
}

// String hides the value.
func (Secret) String() string { return "[secret]" }

// GoString hides the value.
func (Secret) GoString() string { return "[secret]" }

// Secrets are set only with pulumi config set --secret NAME.
type Secrets struct {
	// DatabaseURL is the address of PostgreSQL,
	// postgres://user:password@host/database?sslmode=verify-full
	DatabaseURL Secret `secret:"databaseURL"`
	// DatabaseCA is the authority of the database's certificate in PEM format. It is empty for a
	// well-known authority.
	DatabaseCA Secret `secret:"databaseCA"`
	// AppToken is the token by which sidecars and services identify each other.
	AppToken Secret `secret:"appToken"`
	// BrokerUsername is the user on a broker that the platform does not run. NATS has none.
	// BrokerPassword is its password, or the token of NATS.
	BrokerUsername Secret `secret:"brokerUsername"`
	BrokerPassword Secret `secret:"brokerPassword"`
	// BrokerCA is the authority of the broker's certificates in PEM format. It is empty for a
	// well-known authority.
	BrokerCA Secret `secret:"brokerCA"`
	// Kubeconfig is the kubeconfig of an existing cluster.
	Kubeconfig Secret `secret:"kubeconfig"`
	// DockerConfig holds the logins of private registries, in the format of ~/.docker/config.json.
	DockerConfig Secret `secret:"dockerConfig"`
	// SMTPURL enables e-mail. VAPIDPrivateKey enables web push.
	SMTPURL         Secret `secret:"smtpURL"`
	VAPIDPrivateKey Secret `secret:"vapidPrivateKey"`
	// SetupToken makes the link of the first administrator.
	SetupToken Secret `secret:"setupToken"`
	// ChannelKeys seals the secrets of channels in the database (CHANNEL_KEYS).
	ChannelKeys Secret `secret:"channelKeys"`
	// TracesHeaders are headers for the receiver of traces, such as Authorization=Bearer%20TOKEN.
	TracesHeaders Secret `secret:"tracesHeaders"`
	// TLSCertificate and TLSKey belong to web, in PEM format.
	TLSCertificate Secret `secret:"tlsCertificate"`
	TLSKey         Secret `secret:"tlsKey"`
}

// DatabasePort returns the port in the database's URL, or PostgreSQL's default. Network policies
// use it.
func (c *Config) DatabasePort() int {
	const usual = 5432
	u, err := url.Parse(c.Secrets.DatabaseURL.value)
	if err != nil {
		return usual // the URL was checked when it was read
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return usual
	}
	return port
}

// databaseCAFile is the file of the database's authority in the chart's pods.
const databaseCAFile = "/database/ca.crt"

// DatabaseAddress returns the URL of the database for the services. It names the file of the authority
// if there is one.
func (c *Config) DatabaseAddress() Secret {
	u, err := url.Parse(c.Secrets.DatabaseURL.value)
	if err != nil || !c.Secrets.DatabaseCA.IsSet() {
		return c.Secrets.DatabaseURL // the URL was checked when it was read
	}
	query := u.Query()
	query.Set("sslrootcert", databaseCAFile)
	u.RawQuery = query.Encode()
	return Secret{u.String()}
}

// Checksum returns a value that changes with any secret that programs read at the start. It
// includes the application's token, so that no secret can be guessed from it.
func (c *Config) Checksum() string {
	hash := sha256.New()
	s := c.Secrets
	parts := []string{
		s.AppToken.value, s.DatabaseURL.value + s.DatabaseCA.value, s.BrokerUsername.value, s.BrokerPassword.value, s.BrokerCA.value, s.SMTPURL.value,
		s.VAPIDPrivateKey.value, c.App.EmailFrom, c.App.VAPIDPublicKey, c.App.VAPIDSubject,
	}
	if address := c.BrokerURL(); address.IsSet() {
		parts = append(parts, address.value)
	}
	if s.ChannelKeys.IsSet() {
		parts = append(parts, s.ChannelKeys.value)
	}
	if s.TracesHeaders.IsSet() {
		parts = append(parts, s.TracesHeaders.value)
	}
	for _, part := range parts {
		hash.Write([]byte(part))
		hash.Write([]byte{0})
	}
	return hex.EncodeToString(hash.Sum(nil))
}
