// Command image builds a container image of a service's programs without a container engine:
//
//	image -name ghcr.io/owner/taskmaster-api -revision COMMIT -time 2026-11-25T10:00:00Z [-source URL] [-base REF|scratch]
//		[-out api.tar] [-provenance FILE] [-push -tags COMMIT,latest] linux/amd64=PROGRAM linux/arm64=PROGRAM
//
// It builds one index with an image per platform and prints NAME@DIGEST. A bill of materials
// (CycloneDX) is attached to each image, and a provenance statement (SLSA 1.0) to the index. The
// same programs, revision and base give the same digest.
//
// -out writes an OCI archive, which containerd, Docker, Podman and skopeo can load. -push uploads
// everything to the registry. REGISTRY_USERNAME and REGISTRY_PASSWORD log in there. Without them,
// the credentials of `docker login` are used.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"taskmaster/internal/cli"
)

func main() {
	cli.Main(func(ctx context.Context) int { return command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr) })
}

// command runs the program and returns the exit status, 2 for invalid arguments. The image's name
// goes to out. Errors go to errOut, one per line.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, getenv, errOut)
	if err == nil {
		err = run(ctx, cfg, out)
	}
	return cli.Status(errOut, "image", err)
}

func run(ctx context.Context, cfg config, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	a, err := assemble(ctx, cfg)
	if err != nil {
		return err
	}
	digest, err := a.index.Digest()
	if err != nil {
		return fmt.Errorf("compute the image's digest: %w", err)
	}
	byDigest := cfg.name + "@" + digest.String()
	if cfg.out != "" {
		if err := writeArchive(cfg.out, a, cfg.name+":"+cfg.tags[0], byDigest); err != nil {
			return fmt.Errorf("write %s: %w", cfg.out, err)
		}
	}
	if cfg.push {
		if err := push(ctx, cfg, a); err != nil {
			return fmt.Errorf("push %s: %w", cfg.name, err)
		}
	}
	if cfg.provenance != "" {
		if err := writePredicate(cfg.provenance, a.provenance); err != nil {
			return fmt.Errorf("write %s: %w", cfg.provenance, err)
		}
	}
	_, err = fmt.Fprintln(out, byDigest)
	return err
}
