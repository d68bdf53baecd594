package main

import (
	"bytes"
	"fmt"
	"path"
	"runtime/debug"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// bomType is the media type of a CycloneDX bill of materials, see
// https://cyclonedx.org/specification/overview.
const bomType types.MediaType = "application/vnd.cyclonedx+json"

// billOfMaterials lists the contents of a program: the modules that the linker recorded in it, and
// Go's standard library.
func billOfMaterials(cfg config, p program) ([]byte, error) {
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: cfg.labels()["org.opencontainers.image.created"],
		Component: &cdx.Component{
			Type: cdx.ComponentTypeApplication, BOMRef: "program", Name: path.Base(cfg.name), Version: cfg.revision,
		},
	}
	components := []cdx.Component{{
		Type: cdx.ComponentTypeLibrary, BOMRef: "pkg:golang/std@" + p.info.GoVersion, Name: "std", Version: p.info.GoVersion,
		PackageURL: "pkg:golang/std@" + p.info.GoVersion, Scope: cdx.ScopeRequired,
	}}
	refs := []string{components[0].BOMRef}
	for _, module := range p.info.Deps {
		c := component(module)
		components, refs = append(components, c), append(refs, c.BOMRef)
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: "program", Dependencies: &refs}}
	var out bytes.Buffer
	if err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return out.Bytes(), nil
}

func component(module *debug.Module) cdx.Component {
	if module.Replace != nil {
		module = module.Replace
	}
	// See https://github.com/package-url/purl-spec, type golang.
	url := "pkg:golang/" + module.Path + "@" + module.Version + "?type=module"
	return cdx.Component{
		Type: cdx.ComponentTypeLibrary, BOMRef: url, Name: module.Path, Version: module.Version, PackageURL: url, Scope: cdx.ScopeRequired,
	}
}
