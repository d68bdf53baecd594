package main

import (
	"encoding/json"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// provenanceType is the media type of a https://in-toto.io/Statement/v1.
const provenanceType types.MediaType = "application/vnd.in-toto+json"

type (
	statement struct {
		Type          string     `json:"_type"`
		Subject       []resource `json:"subject"`
		PredicateType string     `json:"predicateType"`
		Predicate     predicate  `json:"predicate"`
	}
	resource struct {
		Name   string            `json:"name,omitempty"`
		URI    string            `json:"uri,omitempty"`
		Digest map[string]string `json:"digest"`
	}
	predicate struct {
		BuildDefinition buildDefinition `json:"buildDefinition"`
		RunDetails      runDetails      `json:"runDetails"`
	}
	buildDefinition struct {
		BuildType            string            `json:"buildType"`
		ExternalParameters   map[string]string `json:"externalParameters"`
		ResolvedDependencies []resource        `json:"resolvedDependencies"`
	}
	runDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
		Byproducts []resource `json:"byproducts"`
	}
)

// provenance describes the inputs of the build (https://slsa.dev/spec/v1.0/provenance). It has no
// time and no run ID, so that the same commit gives the same statement. The signature shows where
// it was built. It names the bills of materials, so that the signature covers them too.
func provenance(cfg config, index v1.ImageIndex, boms []v1.Image) (statement, error) {
	digest, err := index.Digest()
	if err != nil {
		return statement{}, fmt.Errorf("compute the image's digest: %w", err)
	}
	s := statement{
		Type:          "https://in-toto.io/Statement/v1",
		Subject:       []resource{{Name: cfg.name, Digest: map[string]string{digest.Algorithm: digest.Hex}}},
		PredicateType: "https://slsa.dev/provenance/v1",
	}
	from := cfg.source
	if from == "" {
		from = "taskmaster"
	}
	definition := &s.Predicate.BuildDefinition
	definition.BuildType = from + "/ci/image@v1"
	definition.ExternalParameters = map[string]string{"revision": cfg.revision, "go": cfg.programs[0].info.GoVersion}
	definition.ResolvedDependencies = []resource{{URI: "git+" + from, Digest: map[string]string{"gitCommit": cfg.revision}}}
	if cfg.base != nil {
		base, err := v1.NewHash(cfg.base.Identifier())
		if err != nil {
			return statement{}, fmt.Errorf("parse the base's digest: %w", err)
		}
		definition.ResolvedDependencies = append(definition.ResolvedDependencies,
			resource{URI: "docker://" + cfg.base.Context().Name(), Digest: map[string]string{base.Algorithm: base.Hex}})
	}
	s.Predicate.RunDetails.Builder.ID = from + "/ci"
	for i, bom := range boms {
		attached, err := bom.Digest()
		if err != nil {
			return statement{}, fmt.Errorf("compute the digest of a bill of materials: %w", err)
		}
		s.Predicate.RunDetails.Byproducts = append(s.Predicate.RunDetails.Byproducts,
			resource{Name: "bill of materials for " + cfg.programs[i].platform.String(), Digest: map[string]string{attached.Algorithm: attached.Hex}})
	}
	return s, nil
}

// writePredicate writes the predicate of a statement into a file. The signer adds the subject.
func writePredicate(file string, s statement) error {
	raw, err := json.Marshal(s.Predicate)
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o600)
}
