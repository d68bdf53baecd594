package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
)

// newVersion returns the version of the page: a hash of its files and templates. Replicas that were
// built from the same source have the same version on every architecture.
func newVersion(a *assets, files fs.FS) (string, error) {
	all := sha256.New()
	fmt.Fprintln(all, a.version)
	err := fs.WalkDir(files, "templates", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		fmt.Fprintln(all, name, len(content))
		all.Write(content)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read the templates: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(all.Sum(nil)[:9]), nil
}
