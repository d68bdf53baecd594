//go:build clouds

package program

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	security "k8s.io/pod-security-admission/policy"
)

// mustBeAdmitted evaluates a pod as the API server does in a namespace that enforces the level
// restricted.
func mustBeAdmitted(t *testing.T, name string, pod corev1.PodTemplateSpec) {
	t.Helper()
	evaluator, err := security.NewEvaluator(security.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			t.Errorf("a restricted namespace refuses the pods of %s: %s (%s)", name, result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
}

// The chart of Strimzi puts these values into the pod of its operator as they are.
func TestOperatorOfStrimziIsAdmitted(t *testing.T) {
	found := 0
	for _, name := range stackNames(t) {
		for _, r := range mustRender(t, load(t, name)) {
			if r.kind != release || !r.is("chart", "strimzi-kafka-operator") {
				continue
			}
			found++
			var values struct {
				PodSecurityContext *corev1.PodSecurityContext
				SecurityContext    *corev1.SecurityContext
			}
			b, err := json.Marshal(plain(open(at(r.inputs, "values")[0])))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &values); err != nil {
				t.Fatal(err)
			}
			mustBeAdmitted(t, "Strimzi's operator in stack "+name, corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				SecurityContext: values.PodSecurityContext,
				Containers:      []corev1.Container{{Name: "strimzi-cluster-operator", SecurityContext: values.SecurityContext}},
			}})
		}
	}
	if found == 0 {
		t.Error("no stack has Strimzi's operator")
	}
}
