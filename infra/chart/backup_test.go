//go:build !race

package chart

import (
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
)

// TestBackupIsOffByDefault checks the default, because a hosted database has its own backups and a
// volume costs money.
func TestBackupIsOffByDefault(t *testing.T) {
	t.Parallel()
	m := install(t, base)
	for _, id := range []string{"CronJob/backup", "ServiceAccount/backup", "NetworkPolicy/backup"} {
		if m.objects[id] != nil {
			t.Errorf("%s is created by default", id)
		}
	}
}

// TestBackupIsScheduled compares the schedule and the command with the values.
func TestBackupIsScheduled(t *testing.T) {
	t.Parallel()
	c := get[*batchv1.CronJob](install(t, valueSets["backup"]), "CronJob/backup")
	if c.Spec.Schedule != "30 2 * * 0" {
		t.Errorf("schedule %q, want 30 2 * * 0", c.Spec.Schedule)
	}
	if c.Spec.TimeZone == nil || *c.Spec.TimeZone != "Europe/Berlin" {
		t.Errorf("time zone %v, want Europe/Berlin", c.Spec.TimeZone)
	}
	if c.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent {
		t.Errorf("concurrency %q: two backups would delete each other's files", c.Spec.ConcurrencyPolicy)
	}
	job := c.Spec.JobTemplate.Spec
	if job.ActiveDeadlineSeconds == nil || job.BackoffLimit == nil {
		t.Error("a backup has no deadline, or no limit of retries")
	}
	container := job.Template.Spec.Containers[0]
	if container.Image != digest("api") {
		t.Errorf("image %s, want that of api", container.Image)
	}
	if want := []string{"backup", "-to", "/backups", "-keep", "4"}; !slices.Equal(container.Args, want) {
		t.Errorf("command %v, want %v", container.Args, want)
	}
}

// TestBackupsGoToTheNamedClaim checks that the files go to the claim of the values, and that the chart
// has no claim of its own. Uninstalling would delete it, and helm --wait would wait until a pod mounts
// it.
func TestBackupsGoToTheNamedClaim(t *testing.T) {
	t.Parallel()
	m := install(t, valueSets["backup"])
	if got := claimOfBackup(t, m); got != "archive" {
		t.Errorf("backups go to claim %q, want archive", got)
	}
	for id := range m.objects {
		if strings.HasPrefix(id, "PersistentVolumeClaim/") {
			t.Errorf("the chart creates %s", id)
		}
	}
}

// claimOfBackup returns the claim that is mounted in the output folder of the command.
func claimOfBackup(t *testing.T, m manifest) string {
	t.Helper()
	spec := get[*batchv1.CronJob](m, "CronJob/backup").Spec.JobTemplate.Spec.Template.Spec
	for _, mount := range spec.Containers[0].VolumeMounts {
		if mount.MountPath != "/backups" {
			continue
		}
		for _, volume := range spec.Volumes {
			if volume.Name == mount.Name && volume.PersistentVolumeClaim != nil {
				return volume.PersistentVolumeClaim.ClaimName
			}
		}
	}
	return ""
}
