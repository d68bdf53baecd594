//go:build !race

package oke

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// withProfile makes the commands in a kubeconfig use a profile of ~/.oci/config, as the program
// does. Oracle's kubeconfig uses DEFAULT, which may be another account.
func withProfile(kubeconfig, profile string) (string, error) {
	if profile == "" {
		return kubeconfig, nil
	}
	var file map[string]any
	if err := yaml.Unmarshal([]byte(kubeconfig), &file); err != nil {
		return "", fmt.Errorf("parse the cluster's kubeconfig: %w", err)
	}
	users, _ := file["users"].([]any)
	changed := 0
	for _, entry := range users {
		named, _ := entry.(map[string]any)
		user, _ := named["user"].(map[string]any)
		exec, ok := user["exec"].(map[string]any)
		if !ok {
			continue
		}
		args, _ := exec["args"].([]any)
		exec["args"] = append(args, "--profile", profile)
		changed++
	}
	if changed == 0 {
		return "", fmt.Errorf("set profile %s in the cluster's kubeconfig: it has no command for a token", profile)
	}
	out, err := yaml.Marshal(file)
	return string(out), err
}
