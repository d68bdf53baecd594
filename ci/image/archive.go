package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// writeArchive writes an OCI image layout into a tar file. It leaves no partial file. The
// references are the names under which loaders store the image. A reference by digest lets a
// runtime find the image without asking a registry.
func writeArchive(path string, a assembly, references ...string) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	to, err := layout.Write(filepath.Join(dir, "layout"), mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	if err != nil {
		return fmt.Errorf("start the layout: %w", err)
	}
	for _, reference := range references {
		err = to.AppendIndex(a.index, layout.WithAnnotations(map[string]string{
			"org.opencontainers.image.ref.name": reference, // OCI image layout, "index.json"
			"io.containerd.image.name":          reference,
		}))
		if err != nil {
			return fmt.Errorf("add the image: %w", err)
		}
	}
	for _, attached := range a.attachments {
		if err := to.AppendImage(attached); err != nil {
			return fmt.Errorf("add an attachment: %w", err)
		}
	}
	packed := filepath.Join(dir, "archive")
	if err := pack(packed, filepath.Join(dir, "layout")); err != nil {
		return err
	}
	return os.Rename(packed, path)
}

// pack writes the files of a folder into a tar file.
func pack(path, dir string) (err error) {
	f, err := os.Create(path) //nolint:gosec // a folder of this program
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := tar.NewWriter(f)
	err = filepath.WalkDir(dir, func(from string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, from)
		if err != nil {
			return err
		}
		return packFile(w, filepath.ToSlash(name), from)
	})
	return errors.Join(err, w.Close(), f.Sync())
}

func packFile(w *tar.Writer, name, from string) error {
	f, err := os.Open(from) //nolint:gosec // a folder of this program
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: info.Size(), ModTime: time.Unix(0, 0)}); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	if _, err := io.Copy(w, f); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	return nil
}
