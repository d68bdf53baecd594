package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

// readImages reads the images of the -images flag, or the digests that publish left. If this run is
// about to publish, it reads them later.
func (c *config) readImages(named string, published bool) error {
	if named == "" && published {
		return nil
	}
	all := map[string]string{}
	if named == "" {
		workspace := rollout.Workspace{Root: c.root}
		// The images may be of an earlier commit than the one that is checked out.
		revision, err := workspace.Read(plan.RevisionFile)
		if err == nil {
			all, err = digests(c.project.Services, workspace)
		}
		if err != nil {
			return fmt.Errorf("find published images: %w: publish, or name them with -images", err)
		}
		c.revision = strings.TrimSpace(string(revision))
	} else {
		for pair := range strings.SplitSeq(named, ",") {
			service, image, _ := strings.Cut(pair, "=")
			all[service] = image
		}
	}
	c.images = all
	return checkImages(c.project.Services, all)
}

// checkImages returns an error for each image that is missing, unknown or cannot be deployed.
func checkImages(services []plan.Component, images map[string]string) error {
	var errs []error
	for _, service := range services {
		image, ok := images[service.Name]
		_, err := name.NewDigest(image, name.StrictValidation)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("-images: %s is missing", service.Name))
		case strings.HasPrefix(image, "localhost/"):
			errs = append(errs, fmt.Errorf("-images: %s: %s was built but not published: publish it", service.Name, image))
		case err != nil:
			errs = append(errs, fmt.Errorf("-images: %s: %q is not REPOSITORY@sha256:DIGEST", service.Name, image))
		}
	}
	for service := range images {
		if !slices.ContainsFunc(services, func(c plan.Component) bool { return c.Name == service }) {
			errs = append(errs, fmt.Errorf("-images: unknown service %q", service))
		}
	}
	return errors.Join(errs...)
}
