package main

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// checkSize returns an error if the compressed image is larger than limit MB (10^6 bytes). Every
// node pulls the image before a pod starts.
func checkSize(img v1.Image, limit int64) error {
	manifest, err := img.Manifest()
	if err != nil {
		return fmt.Errorf("size: %w", err)
	}
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	if size > limit*1e6 {
		return fmt.Errorf("its size of %.1f MB exceeds the limit of %d: look for large symbols (go tool nm -size -sort size), or raise -limit", float64(size)/1e6, limit)
	}
	return nil
}
