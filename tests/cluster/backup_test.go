//go:build cluster

package cluster

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// backupFile matches the last line of a backup's output.
var backupFile = regexp.MustCompile(`(/backups/taskmaster-[0-9TZ]+\.zip) is complete`)

// backupClaim is the claim for the files. The chart does not create it.
const backupClaim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: backups}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
`

// backUpAndRestore starts the scheduled backup, restores its file into another database as in the
// chart's README, and compares the two databases.
func (c *cluster) backUpAndRestore(o outside) {
	c.t.Helper()
	c.kubectl(backupClaim, "create", "--filename", "-")
	made := backupFile.FindStringSubmatch(c.runJob(c.jobFromSchedule("backup-now")))
	if made == nil {
		c.t.Fatal("the backup names no file")
	}

	empty := emptyDatabase(c.t, o.databaseURL, "restored")
	c.createSecret("restored", map[string]string{"url": empty})
	restore := c.jobFromSchedule("restore-now")
	container := &restore.Spec.Template.Spec.Containers[0]
	container.Args = []string{"restore", made[1]}
	i := slices.IndexFunc(container.Env, func(v corev1.EnvVar) bool { return v.Name == "DATABASE_URL" })
	container.Env[i].ValueFrom.SecretKeyRef.Name = "restored"
	c.runJob(restore)

	want, got := accountsAndTasks(c.t, o.databaseURL), accountsAndTasks(c.t, empty)
	if got != want {
		c.t.Errorf("restored %v accounts and tasks, want %v", got, want)
	}
	if want[0] == 0 || want[1] == 0 {
		c.t.Errorf("the backup had %v accounts and tasks, too few to compare", want)
	}
}

func (c *cluster) encode(object any) string {
	c.t.Helper()
	raw, err := json.Marshal(object)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(raw)
}

// jobFromSchedule returns the job of the schedule under another name.
func (c *cluster) jobFromSchedule(name string) batchv1.Job {
	c.t.Helper()
	out := c.kubectl("", "create", "job", name, "--from", "cronjob/backup", "--dry-run=client", "--output", "json")
	var job batchv1.Job
	if err := json.Unmarshal([]byte(out), &job); err != nil {
		c.t.Fatal(err)
	}
	return job
}

// runJob runs a job to success, removes it and returns its output.
func (c *cluster) runJob(job batchv1.Job) string {
	c.t.Helper()
	c.kubectl(c.encode(job), "create", "--filename", "-")
	c.kubectl("", "wait", "--for", "condition=complete", "--timeout", "4m", "job/"+job.Name)
	out := c.kubectl("", "logs", "job/"+job.Name)
	c.kubectl("", "delete", "job", job.Name, "--wait")
	return out
}

// emptyDatabase creates a database on the server of another one and returns its URL.
func emptyDatabase(t *testing.T, beside, name string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), beside)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(beside)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// accountsAndTasks returns the number of accounts and of tasks.
func accountsAndTasks(t *testing.T, database string) (counts [2]int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	err = conn.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM tasks)").Scan(&counts[0], &counts[1])
	if err != nil {
		t.Fatal(err)
	}
	return counts
}
