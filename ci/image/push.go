package main

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push uploads the image to its registry. The tags are set last, so that a pull by tag never finds
// a partial image.
func push(ctx context.Context, cfg config, a assembly) error {
	repository, err := cfg.repository()
	if err != nil {
		return err
	}
	digest, err := a.index.Digest()
	if err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	options := cfg.remoteOptions(ctx, repository.Registry)
	if err := remote.WriteIndex(repository.Digest(digest.String()), a.index, options...); err != nil {
		return fmt.Errorf("write %s: %w", digest, err)
	}
	for _, attached := range a.attachments {
		digest, err := attached.Digest()
		if err != nil {
			return fmt.Errorf("compute the digest of an attachment: %w", err)
		}
		if err := remote.Write(repository.Digest(digest.String()), attached, options...); err != nil {
			return fmt.Errorf("write attachment %s: %w", digest, err)
		}
	}
	for _, tag := range cfg.tags {
		if err := remote.Tag(repository.Tag(tag), a.index, options...); err != nil {
			return fmt.Errorf("set tag %s: %w", tag, err)
		}
	}
	return nil
}

// remoteOptions returns the options of requests to a registry. Only the image's own registry gets the
// password. The one of the base refuses it, or could use it.
func (c config) remoteOptions(ctx context.Context, registry name.Registry) []remote.Option {
	options := []remote.Option{remote.WithContext(ctx)}
	own, err := c.repository()
	if c.username == "" || err != nil || own.RegistryStr() != registry.RegistryStr() {
		return append(options, remote.WithAuthFromKeychain(authn.DefaultKeychain))
	}
	return append(options, remote.WithAuth(&authn.Basic{Username: c.username, Password: c.password}))
}
