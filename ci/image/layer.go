package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// file is a file of a layer. A name that ends in a slash is a folder.
type file struct {
	name    string
	mode    int64
	content []byte
}

// makeLayer packs files in the given order. All belong to root and have the same time, so that the
// same files give the same bytes.
func makeLayer(at time.Time, files ...file) (v1.Layer, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: at, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		if f.name[len(f.name)-1] == '/' {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return layer, nil
}

// programLayer returns a layer that holds only the program.
func programLayer(name, path string, at time.Time) (v1.Layer, error) {
	content, err := os.ReadFile(path) //nolint:gosec // the user chooses the file
	if err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	return makeLayer(at, file{name[1:], 0o755, content})
}

// blob returns a layer with unchanged content.
func blob(content []byte, mediaType types.MediaType) v1.Layer {
	return static.NewLayer(content, mediaType)
}
