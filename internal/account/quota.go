package account

import (
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// Quota is the number of bytes that an account may store. 0 means no limit.
//
//	up to the quota          everything
//	up to an eighth more     completing and deleting tasks
//	beyond                   deleting, reading and settings
type Quota int64

// Of returns the quota of an account: its own, or otherwise that of the installation.
func (q Quota) Of(u postgres.User) Quota {
	if u.QuotaBytes != nil {
		return Quota(*u.QuotaBytes)
	}
	return q
}

// errFull is the error of a full account. The outbox keeps the events of a deleted task
// for some days.
var errFull = task.Errorf(task.CodeQuotaExceeded,
	"the storage of your account is full, nothing was saved: delete tasks that you no longer need, and there is room again after 7 days at most")

// Admit returns code quota_exceeded if an account that stores used bytes may not store more.
func (q Quota) Admit(used, more int64) error { return admit(int64(q), used, more) }

// AdmitCompletion is Admit for the completion of a task, which must stay possible for a full account.
func (q Quota) AdmitCompletion(used, more int64) error { return admit(int64(q+q/8), used, more) }

func admit(limit, used, more int64) error {
	if limit == 0 || used+more <= limit {
		return nil
	}
	return errFull
}
