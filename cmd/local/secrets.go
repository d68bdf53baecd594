package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	webpush "github.com/SherClockHolmes/webpush-go"

	"taskmaster/internal/seal"
)

// secrets are generated once and kept in secrets.json, which only its owner can read.
type secrets struct {
	AppAPIToken     string `json:"app_api_token"`  // from sidecar to service
	DaprAPIToken    string `json:"dapr_api_token"` // from service to sidecar
	BrokerPassword  string `json:"broker_password"`
	NATSToken       string `json:"nats_token"`
	SetupToken      string `json:"setup_token"`      // of the link that makes the first administrator
	ChannelKeys     string `json:"channel_keys"`     // CHANNEL_KEYS, which seal secrets in the database
	VAPIDPublicKey  string `json:"vapid_public_key"` // push subscriptions of browsers are bound to it
	VAPIDPrivateKey string `json:"vapid_private_key"`
}

// secretsFile returns the path of the installation's secrets.
func secretsFile(dir string) string { return filepath.Join(dir, "secrets.json") }

// loadSecrets reads the installation's secrets, and generates those that are missing.
func loadSecrets(dir string) (secrets, error) {
	var s secrets
	file := secretsFile(dir)
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("read %s: %w", file, err)
	}
	for _, token := range []*string{&s.AppAPIToken, &s.DaprAPIToken, &s.NATSToken, &s.BrokerPassword, &s.SetupToken} {
		if *token == "" {
			*token = rand.Text()
		}
	}
	if s.ChannelKeys == "" {
		s.ChannelKeys = seal.NewKey()
	}
	if s.VAPIDPrivateKey == "" {
		if s.VAPIDPrivateKey, s.VAPIDPublicKey, err = webpush.GenerateVAPIDKeys(); err != nil {
			return s, fmt.Errorf("generate VAPID keys: %w", err)
		}
	}
	return s, writeJSON(file, s)
}

// writeDaprSecrets writes the secrets of the components, in the shape of Kubernetes secrets: name,
// then key. To those of the broker it adds the database's, once its URL is known.
func (p plan) writeDaprSecrets(broker map[string]map[string]string) error {
	secrets := maps.Clone(broker)
	if secrets == nil {
		secrets = map[string]map[string]string{}
	}
	if p.databaseURL != "" {
		secrets["database"] = map[string]string{"url": p.databaseURL}
	}
	return writeJSON(p.daprSecretsFile(), secrets)
}

// writeJSON replaces the file in one step, so that no reader sees half of it. Only its owner can read
// it.
func writeJSON(file string, v any) error {
	if err := replaceJSON(file, v); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

func replaceJSON(file string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".tmp-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // exists only after a failure
	_, err = tmp.Write(append(b, '\n'))
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
