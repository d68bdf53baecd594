package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// nonroot is the user of distroless' nonroot images. It is a number, because Kubernetes checks
// runAsNonRoot by number.
const nonroot = "65532:65532"

// assembly is an image index for all platforms, with its attachments.
type assembly struct {
	index       v1.ImageIndex
	attachments []v1.Image
	provenance  statement
}

// assemble builds the image index and its attachments.
func assemble(ctx context.Context, cfg config) (assembly, error) {
	var a assembly
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range cfg.programs {
		img, err := platformImage(ctx, cfg, p)
		if err != nil {
			return assembly{}, fmt.Errorf("build the image for %s: %w", p.platform, err)
		}
		if err := checkSize(img, cfg.limit); err != nil {
			return assembly{}, fmt.Errorf("build the image for %s: %w", p.platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &p.platform}})
		bom, err := billOfMaterials(cfg, p)
		if err != nil {
			return assembly{}, fmt.Errorf("build the bill of materials for %s: %w", p.platform, err)
		}
		attached, err := attachment(img, bomType, bom)
		if err != nil {
			return assembly{}, fmt.Errorf("attach the bill of materials for %s: %w", p.platform, err)
		}
		a.attachments = append(a.attachments, attached)
	}
	var err error
	annotated, ok := mutate.Annotations(index, cfg.labels()).(v1.ImageIndex)
	if !ok {
		return assembly{}, fmt.Errorf("annotate the index: it became a %T", annotated)
	}
	a.index = annotated
	if a.provenance, err = provenance(cfg, a.index, a.attachments); err != nil {
		return assembly{}, fmt.Errorf("build the provenance: %w", err)
	}
	raw, err := json.Marshal(a.provenance)
	if err != nil {
		return assembly{}, fmt.Errorf("build the provenance: %w", err)
	}
	attached, err := attachment(a.index, provenanceType, raw)
	if err != nil {
		return assembly{}, fmt.Errorf("attach the provenance: %w", err)
	}
	a.attachments = append(a.attachments, attached)
	return a, nil
}

// platformImage appends a program to the base image of its platform.
func platformImage(ctx context.Context, cfg config, p program) (v1.Image, error) {
	img, err := baseImage(ctx, cfg, p.platform)
	if err != nil {
		return nil, err
	}
	executable := "/" + path.Base(cfg.name)
	layer, err := programLayer(executable, p.path, cfg.time)
	if err != nil {
		return nil, err
	}
	img, err = mutate.Append(img, mutate.Addendum{
		Layer: layer, MediaType: types.OCILayer,
		History: v1.History{Created: v1.Time{Time: cfg.time}, CreatedBy: "taskmaster " + path.Base(cfg.name) + " " + cfg.revision},
	})
	if err != nil {
		return nil, fmt.Errorf("append the program: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the base's configuration: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant = p.platform.OS, p.platform.Architecture, p.platform.Variant
	file.Created = v1.Time{Time: cfg.time}
	file.Config.Entrypoint, file.Config.Cmd = []string{executable}, nil
	file.Config.User, file.Config.WorkingDir = nonroot, "/"
	file.Config.Labels = cfg.labels()
	if img, err = mutate.ConfigFile(img, file); err != nil {
		return nil, fmt.Errorf("configure: %w", err)
	}
	return img, nil
}

// labels returns the labels of the OCI image specification, "Pre-Defined Annotation Keys".
func (c config) labels() map[string]string {
	const key = "org.opencontainers.image."
	labels := map[string]string{
		key + "title":    path.Base(c.name),
		key + "revision": c.revision,
		key + "version":  c.revision,
		key + "created":  c.time.Format("2006-01-02T15:04:05Z07:00"),
	}
	if c.source != "" {
		labels[key+"source"] = c.source
	}
	if c.base != nil {
		labels[key+"base.name"] = c.base.Context().Name()
		labels[key+"base.digest"] = c.base.Identifier()
	}
	return labels
}

// attachment builds a manifest that refers to subject (OCI image specification, "Guidelines for
// Artifact Usage").
func attachment(subject partial.Describable, mediaType types.MediaType, content []byte) (v1.Image, error) {
	descriptor, err := partial.Descriptor(subject)
	if err != nil {
		return nil, fmt.Errorf("describe the subject: %w", err)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mediaType)
	img, err = mutate.Append(img, mutate.Addendum{Layer: blob(content, mediaType)})
	if err != nil {
		return nil, err
	}
	// The descriptor of an index may name no platform. Only the identifying fields are kept.
	with, ok := mutate.Subject(img, v1.Descriptor{MediaType: descriptor.MediaType, Size: descriptor.Size, Digest: descriptor.Digest}).(v1.Image)
	if !ok {
		return nil, fmt.Errorf("name its subject: it became a %T", with)
	}
	return with, nil
}
