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

// file is one of a layer. A name that ends in a slash is a folder.
type file struct {
	name    string
	mode    int64
	content []byte
}

// makeLayer packs files, in the order given, all of root and of one time, so that the same files give the same bytes.
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

// programLayer holds the program alone.
func programLayer(name, path string, at time.Time) (v1.Layer, error) {
	content, err := os.ReadFile(path) //nolint:gosec // the user says which
	if err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	return makeLayer(at, file{name[1:], 0o755, content})
}

// blob is content as it is.
func blob(content []byte, mediaType types.MediaType) v1.Layer {
	return static.NewLayer(content, mediaType)
}
