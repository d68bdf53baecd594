package chart

import (
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// TestBackupIsOffByDefault checks the default, because a hosted database has its own backups and a
// volume costs money.
func TestBackupIsOffByDefault(t *testing.T) {
	t.Parallel()
	m := install(t, base)
	for _, id := range []string{"CronJob/backup", "PersistentVolumeClaim/backups", "ServiceAccount/backup", "NetworkPolicy/backup"} {
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

// TestBackupsOutliveTheRelease checks that uninstalling keeps the backups. They are needed after an
// accidental deletion, even of the release.
func TestBackupsOutliveTheRelease(t *testing.T) {
	t.Parallel()
	m := install(t, valueSets["backup"])
	claim := get[*corev1.PersistentVolumeClaim](m, "PersistentVolumeClaim/backups")
	if got := claim.Annotations["helm.sh/resource-policy"]; got != "keep" {
		t.Errorf("resource policy %q, want keep", got)
	}
	if class := claim.Spec.StorageClassName; class == nil || *class != "slow" {
		t.Errorf("storage class %v, want slow", class)
	}
	if size := claim.Spec.Resources.Requests.Storage().String(); size != "20Gi" {
		t.Errorf("size %s, want 20Gi", size)
	}
	if got := claimOfBackup(t, m); got != "backups" {
		t.Errorf("backups go to claim %q, want backups", got)
	}

	own := install(t, valueSets["backup into a claim"])
	if made := all[*corev1.PersistentVolumeClaim](own); len(made) > 0 {
		t.Errorf("claims %v are created in addition to the given one", made)
	}
	if got := claimOfBackup(t, own); got != "archive" {
		t.Errorf("backups go to claim %q, want archive", got)
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
