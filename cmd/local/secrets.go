package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	webpush "github.com/SherClockHolmes/webpush-go"
)

// secrets are generated once and kept in secrets.json, readable by its owner alone.
type secrets struct {
	AppAPIToken     string `json:"app_api_token"`  // sidecar to service
	DaprAPIToken    string `json:"dapr_api_token"` // service to sidecar
	BrokerPassword  string `json:"broker_password"`
	NATSToken       string `json:"nats_token"`
	VAPIDPublicKey  string `json:"vapid_public_key"` // browsers' push subscriptions depend on it
	VAPIDPrivateKey string `json:"vapid_private_key"`
}

// loadSecrets reads the folder's secrets, and makes those that are missing.
func loadSecrets(dir string) (secrets, error) {
	var s secrets
	file := filepath.Join(dir, "secrets.json")
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("read %s: %w", file, err)
	}
	for _, token := range []*string{&s.AppAPIToken, &s.DaprAPIToken, &s.NATSToken, &s.BrokerPassword} {
		if *token == "" {
			*token = rand.Text()
		}
	}
	if s.VAPIDPrivateKey == "" {
		if s.VAPIDPrivateKey, s.VAPIDPublicKey, err = webpush.GenerateVAPIDKeys(); err != nil {
			return s, fmt.Errorf("generate VAPID keys: %w", err)
		}
	}
	return s, writeJSON(file, s)
}

// writeDaprSecrets writes what components refer to, in the shape of Kubernetes secrets: name, then key.
func (p plan) writeDaprSecrets() error {
	return writeJSON(filepath.Join(p.daprDir(), "secrets.json"), p.cfg.broker.secrets(p))
}

// writeJSON replaces the file at once, so that no reader sees half of it. Its owner alone can read it.
func writeJSON(file string, v any) error {
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
	defer os.Remove(tmp.Name()) // there only after a failure
	_, err = tmp.Write(append(b, '\n'))
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
