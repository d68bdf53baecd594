package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"taskmaster/ci/plan"
)

// readImages reads the images that are named, or those that publish has left. It leaves them to be read later when they are about
// to be published.
func (c *config) readImages(named string, published bool) error {
	if named == "" && published {
		return nil
	}
	all := map[string]string{}
	if named == "" {
		c.revision = c.project.Revision
		var err error
		if all, err = digests(*c); err != nil {
			return fmt.Errorf("nothing was published: %w: publish, or name them with -images", err)
		}
	} else {
		for pair := range strings.SplitSeq(named, ",") {
			service, image, _ := strings.Cut(pair, "=")
			all[service] = image
		}
	}
	c.images = all
	return checkImages(c.project.Services, all)
}

// checkImages says which images cannot be deployed, or are missing.
func checkImages(services []plan.Component, images map[string]string) error {
	var errs []error
	for _, service := range services {
		image, ok := images[service.Name]
		_, err := name.NewDigest(image, name.StrictValidation)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("-images: %s is missing", service.Name))
		case strings.HasPrefix(image, "localhost/"):
			errs = append(errs, fmt.Errorf("-images: %s: %s was built and is in no registry: publish it", service.Name, image))
		case err != nil:
			errs = append(errs, fmt.Errorf("-images: %s: %q is not REPOSITORY@sha256:DIGEST", service.Name, image))
		}
	}
	for service := range images {
		if !slices.ContainsFunc(services, func(c plan.Component) bool { return c.Name == service }) {
			errs = append(errs, fmt.Errorf("-images: %q is no service", service))
		}
	}
	return errors.Join(errs...)
}
