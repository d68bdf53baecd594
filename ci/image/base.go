package main

import (
	"context"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// passwd and group contain the users of distroless' static image. Programs look up their own user.
const (
	//nolint:gosec // passwd(5) holds no password here
	passwd = "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
	group  = "root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n"
)

// baseImage returns the base of a program's image. That is the configured image, or one with the
// files that every program needs. It has no time zones, because the programs embed them
// (time/tzdata).
func baseImage(ctx context.Context, cfg config, platform v1.Platform) (v1.Image, error) {
	if cfg.base != nil {
		img, err := remote.Image(cfg.base, append(cfg.remoteOptions(ctx, cfg.base.Context().Registry), remote.WithPlatform(platform))...)
		if err != nil {
			return nil, fmt.Errorf("fetch the base %s: %w (-base %s needs no registry)", cfg.base, err, scratch)
		}
		return img, nil
	}
	certificates, err := os.ReadFile(cfg.certificates)
	if err != nil {
		return nil, fmt.Errorf("read the trusted certificate authorities: %w (-certificates names another file)", err)
	}
	layer, err := makeLayer(cfg.time,
		file{"etc/", 0o755, nil},
		file{"etc/group", 0o644, []byte(group)},
		file{"etc/passwd", 0o644, []byte(passwd)},
		file{"etc/ssl/", 0o755, nil},
		file{"etc/ssl/certs/", 0o755, nil},
		file{"etc/ssl/certs/ca-certificates.crt", 0o644, certificates},
		file{"tmp/", 0o1777, nil},
	)
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{
		Layer: layer, MediaType: types.OCILayer,
		History: v1.History{Created: v1.Time{Time: cfg.time}, CreatedBy: "certificates and users"},
	})
	if err != nil {
		return nil, fmt.Errorf("append certificates and users: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("configure the base: %w", err)
	}
	file = file.DeepCopy()
	file.Config.Env = []string{"PATH=/", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}
	return mutate.ConfigFile(img, file)
}
