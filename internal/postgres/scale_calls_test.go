package postgres_test

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// purged is the number of rows that one step of a purge removes.
const purged = 500

// atMost are the numbers of pages that calls may read, where that is not usual.
var atMost = map[string]int64{
	"Replay":                           5000,
	"DeleteChannel":                    600, // 20 deliveries lose it
	"ListTasks/due":                    20,
	"ListTasks/completed":              40,
	"ListTasks/completed, second page": 40,
	"TasksByIDs":                       600,
	"TaskOwners":                       600,
	"DeleteCredentials":                600, // 20 deliveries lose a channel
	"DeleteUser":                       20000,
	"CloseAccount":                     600,  // 20 deliveries lose a channel
	"IsLarge":                          2000, // 500 rows of each of seven tables
	"RemoveRows":                       1200, // 500 rows
	"FoldUsage":                        500,  // the changes of six stores
	"MoveWholeDays":                    1000,
	"ReadStatus":                       1000, // five counts of up to 100 rows
}

// calls returns calls of the package's functions by name. A slash begins the arguments in words.
func (f *scaleFixture) calls() map[string]func(ctx context.Context, tx pgx.Tx) error {
	type c = context.Context
	return map[string]func(c, pgx.Tx) error{
		"AttemptOf": func(ctx c, tx pgx.Tx) error { return second(postgres.AttemptOf(ctx, tx, f.delivery.ID)) },
		"NextJob":   func(ctx c, tx pgx.Tx) error { return third(postgres.NextJob(ctx, tx)) },
		"MarkAttempt": func(ctx c, tx pgx.Tx) error {
			return postgres.MarkAttempt(ctx, tx, f.delivery, postgres.Outcome{State: postgres.DeliverySent}, f.now)
		},
		"InsertChannel":   func(ctx c, tx pgx.Tx) error { return postgres.InsertChannel(ctx, tx, f.newChannel()) },
		"Channels":        func(ctx c, tx pgx.Tx) error { return second(postgres.Channels(ctx, tx, f.user.ID)) },
		"EnabledChannels": func(ctx c, tx pgx.Tx) error { return second(postgres.EnabledChannels(ctx, tx, f.user.ID, f.now)) },
		"ChannelByID":     func(ctx c, tx pgx.Tx) error { return second(postgres.ChannelByID(ctx, tx, f.user.ID, f.channel.ID)) },
		"LockChannel":     func(ctx c, tx pgx.Tx) error { return second(postgres.LockChannel(ctx, tx, f.user.ID, f.channel.ID)) },
		"UpdateChannel":   func(ctx c, tx pgx.Tx) error { return postgres.UpdateChannel(ctx, tx, f.channel) },
		"LockSecrets":     func(ctx c, tx pgx.Tx) error { return second(postgres.LockSecrets(ctx, tx, uuid.Nil, 100)) },
		"StoreSecrets":    func(ctx c, tx pgx.Tx) error { return postgres.StoreSecrets(ctx, tx, f.channel) },
		"SecretKeys":      func(ctx c, tx pgx.Tx) error { return second(postgres.SecretKeys(ctx, tx)) },
		"TakeBrowser":     func(ctx c, tx pgx.Tx) error { return postgres.TakeBrowser(ctx, tx, f.browser()) },
		"MoveBrowser":     func(ctx c, tx pgx.Tx) error { return postgres.MoveBrowser(ctx, tx, f.session, f.session) },
		"DisableChannel": func(ctx c, tx pgx.Tx) error {
			return second(postgres.DisableChannel(ctx, tx, f.channel, "gone", f.now))
		},
		"DeleteChannel":        func(ctx c, tx pgx.Tx) error { return postgres.DeleteChannel(ctx, tx, f.user.ID, f.channel.ID) },
		"EndedChannels":        func(ctx c, tx pgx.Tx) error { return second(postgres.EndedChannels(ctx, tx, f.user.ID)) },
		"InsertEndedNotices":   func(ctx c, tx pgx.Tx) error { return second(postgres.InsertEndedNotices(ctx, tx, f.channel, f.now)) },
		"ExpiredBrowserOwners": func(ctx c, tx pgx.Tx) error { return second(postgres.ExpiredBrowserOwners(ctx, tx, f.now, 100)) },
		"ExpireBrowsers":       func(ctx c, tx pgx.Tx) error { return second(postgres.ExpireBrowsers(ctx, tx, f.user.ID, f.now)) },
		"Now":                  func(ctx c, tx pgx.Tx) error { return second(postgres.Now(ctx, tx)) },
		"InsertCompletion":     func(ctx c, tx pgx.Tx) error { return postgres.InsertCompletion(ctx, tx, f.completion()) },
		"CompletionAt":         func(ctx c, tx pgx.Tx) error { return third(postgres.CompletionAt(ctx, tx, f.user.ID, f.task.ID, 1)) },
		"LastCompletion":       func(ctx c, tx pgx.Tx) error { return third(postgres.LastCompletion(ctx, tx, f.user.ID, f.task.ID)) },
		"FollowCompletion":     func(ctx c, tx pgx.Tx) error { return postgres.FollowCompletion(ctx, tx, f.completion(), uuid.New()) },
		"DeleteCompletions":    func(ctx c, tx pgx.Tx) error { return postgres.DeleteCompletions(ctx, tx, f.user.ID, f.task.ID) },
		"LeaveCompletions":     func(ctx c, tx pgx.Tx) error { return postgres.LeaveCompletions(ctx, tx, f.user.ID, f.task.ID, f.now) },
		"PurgeCompletions":     func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeCompletions(ctx, tx, f.longAgo(), purged)) },
		"HasSuccessor":         func(ctx c, tx pgx.Tx) error { return second(postgres.HasSuccessor(ctx, tx, f.user.ID, f.task.ID)) },
		"KeepDeadLetter": func(ctx c, tx pgx.Tx) error {
			return second(postgres.KeepDeadLetter(ctx, tx, postgres.DeadLetter{ID: uuid.New(), UserID: f.user.ID, Raw: []byte("{}")}, f.now))
		},
		"DeadLetters":       func(ctx c, tx pgx.Tx) error { return second(postgres.DeadLetters(ctx, tx, false)) },
		"DeadLetterByID":    func(ctx c, tx pgx.Tx) error { return second(postgres.DeadLetterByID(ctx, tx, f.letter)) },
		"ReadStatus":        func(ctx c, tx pgx.Tx) error { return second(postgres.ReadStatus(ctx, tx, f.now, 100)) },
		"LastDeadLetters":   func(ctx c, tx pgx.Tx) error { return second(postgres.LastDeadLetters(ctx, tx, 5)) },
		"CountDeadLetters":  func(ctx c, tx pgx.Tx) error { return second(postgres.CountDeadLetters(ctx, tx, 100)) },
		"DiscardDeadLetter": func(ctx c, tx pgx.Tx) error { return postgres.DiscardDeadLetter(ctx, tx, f.letter, f.now) },
		"PurgeDeadLetters":  func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeDeadLetters(ctx, tx, f.longAgo(), purged)) },
		"InsertDeliveries": func(ctx c, tx pgx.Tx) error {
			return postgres.InsertDeliveries(ctx, tx, f.changed()[0], []postgres.Delivery{postgres.NewDelivery(f.changed()[0], f.channel, f.now)})
		},
		"Deliveries": func(ctx c, tx pgx.Tx) error {
			return second(postgres.Deliveries(ctx, tx, f.user.ID, postgres.DeliveryFilter{Limit: 200}))
		},
		"Deliveries/second page": func(ctx c, tx pgx.Tx) error {
			return second(postgres.Deliveries(ctx, tx, f.user.ID, postgres.DeliveryFilter{After: &postgres.DeliveryPosition{CreatedAt: f.now, ID: f.delivery.ID}, Limit: 200}))
		},
		"Deliveries/of a task": func(ctx c, tx pgx.Tx) error {
			return second(postgres.Deliveries(ctx, tx, f.user.ID, postgres.DeliveryFilter{TaskID: &f.task.ID, Limit: 200}))
		},
		"Deliveries/in a state": func(ctx c, tx pgx.Tx) error {
			return second(postgres.Deliveries(ctx, tx, f.user.ID, postgres.DeliveryFilter{State: postgres.DeliverySent, Limit: 200}))
		},
		"Deliveries/to a channel": func(ctx c, tx pgx.Tx) error {
			return second(postgres.Deliveries(ctx, tx, f.user.ID, postgres.DeliveryFilter{ChannelID: &f.channel.ID, Limit: 200}))
		},
		"DeliveryByID": func(ctx c, tx pgx.Tx) error { return second(postgres.DeliveryByID(ctx, tx, f.user.ID, f.delivery.ID)) },
		"RetryDelivery": func(ctx c, tx pgx.Tx) error {
			return second(postgres.RetryDelivery(ctx, tx, f.user.ID, f.delivery.ID, f.now))
		},
		"CountTests":      func(ctx c, tx pgx.Tx) error { return second(postgres.CountTests(ctx, tx, f.channel.ID, f.now)) },
		"PurgeDeliveries": func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeDeliveries(ctx, tx, f.longAgo(), purged)) },
		"Epoch":           func(ctx c, tx pgx.Tx) error { return second(postgres.Epoch(ctx, tx)) },
		"AppendHistory":   func(ctx c, tx pgx.Tx) error { return postgres.AppendHistory(ctx, tx, f.user.ID, f.task.ID, f.entry()) },
		"History":         func(ctx c, tx pgx.Tx) error { return third(postgres.History(ctx, tx, f.user.ID, f.task.ID, 0, 200)) },
		"HistoryOfTasks": func(ctx c, tx pgx.Tx) error {
			return second(postgres.HistoryOfTasks(ctx, tx, f.user.ID, f.tasks[:100], postgres.HistoryPosition{}, 50))
		},
		"HistoryOfTasks/second page": func(ctx c, tx pgx.Tx) error {
			return second(postgres.HistoryOfTasks(ctx, tx, f.user.ID, f.tasks[:100], postgres.HistoryPosition{TaskID: f.tasks[50], Number: 1}, 200))
		},
		"TryHousekeeping": func(ctx c, tx pgx.Tx) error { return second(postgres.TryHousekeeping(ctx, tx)) },
		"TakeIdempotencyKey": func(ctx c, tx pgx.Tx) error {
			return third(postgres.TakeIdempotencyKey(ctx, tx, f.user.ID, "new", []byte("hash"), f.now))
		},
		"StoreAnswer": func(ctx c, tx pgx.Tx) error {
			return postgres.StoreAnswer(ctx, tx, f.user.ID, "key", postgres.StoredAnswer{Status: 200})
		},
		"PurgeIdempotencyKeys": func(ctx c, tx pgx.Tx) error {
			return second(postgres.PurgeIdempotencyKeys(ctx, tx, f.longAgo(), purged))
		},
		"Receive": func(ctx c, tx pgx.Tx) error {
			return second(postgres.Receive(ctx, tx, postgres.NotifierInbox, uuid.New(), f.now))
		},
		"PurgeInbox":          func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeInbox(ctx, tx, f.longAgo(), purged)) },
		"AppendEvents":        func(ctx c, tx pgx.Tx) error { return postgres.AppendEvents(ctx, tx, f.changed()...) },
		"RecordEvents":        func(ctx c, tx pgx.Tx) error { return postgres.RecordEvents(ctx, tx, f.changed()...) },
		"Replay":              func(ctx c, tx pgx.Tx) error { return second(postgres.Replay(ctx, tx, f.longAgo(), f.user.ID)) },
		"Changes":             func(ctx c, tx pgx.Tx) error { return third(postgres.Changes(ctx, tx, f.user.ID, 0, 200)) },
		"Changes/second page": func(ctx c, tx pgx.Tx) error { return third(postgres.Changes(ctx, tx, f.user.ID, 100, 200)) },
		"PurgeOutbox":         func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeOutbox(ctx, tx, f.longAgo(), purged)) },
		"PendingShards":       func(ctx c, tx pgx.Tx) error { return second(postgres.PendingShards(ctx, tx, postgres.Watermarks{})) },
		"PendingOverflow":     func(ctx c, tx pgx.Tx) error { return second(postgres.PendingOverflow(ctx, tx)) },
		"LastSeq":             func(ctx c, tx pgx.Tx) error { return second(postgres.LastSeq(ctx, tx)) },
		"CountPending":        func(ctx c, tx pgx.Tx) error { return second(postgres.CountPending(ctx, tx, 1000)) },
		"ClaimQueue": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ClaimQueue(ctx, tx, waiting(postgres.Shard(f.user.ID), 200)))
		},
		"MarkPublished": func(ctx c, tx pgx.Tx) error {
			return postgres.MarkPublished(ctx, tx, []int64{1000, 100_000, 200_000}, f.now)
		},
		"Events": func(ctx c, tx pgx.Tx) error {
			return second(postgres.Events(ctx, tx, postgres.EventFilter{}, 150_000, 200))
		},
		"FirstSeq":      func(ctx c, tx pgx.Tx) error { return second(postgres.FirstSeq(ctx, tx, f.now)) },
		"ReadOutboxEnd": func(ctx c, tx pgx.Tx) error { return second(postgres.ReadOutboxEnd(ctx, tx)) },
		"SetReminders": func(ctx c, tx pgx.Tx) error {
			return postgres.SetReminders(ctx, tx, f.user.ID, f.task.ID, f.wanted()[f.task.ID], f.now)
		},
		"ReminderByID":  func(ctx c, tx pgx.Tx) error { return second(postgres.ReminderByID(ctx, tx, f.reminder.TaskID, 0)) },
		"LockReminder":  func(ctx c, tx pgx.Tx) error { return second(postgres.LockReminder(ctx, tx, f.reminder.TaskID, 0)) },
		"MarkFired":     func(ctx c, tx pgx.Tx) error { return second(postgres.MarkFired(ctx, tx, f.reminder, f.now)) },
		"MarkCancelled": func(ctx c, tx pgx.Tx) error { return postgres.MarkCancelled(ctx, tx, f.reminder, f.now) },
		"OverdueReminders": func(ctx c, tx pgx.Tx) error {
			return second(postgres.OverdueReminders(ctx, tx, f.now, f.now, nil, nil, 100))
		},
		"NextReminder": func(ctx c, tx pgx.Tx) error { return third(postgres.NextReminder(ctx, tx)) },
		"ScheduledReminders": func(ctx c, tx pgx.Tx) error {
			return second(postgres.ScheduledReminders(ctx, tx, postgres.ReminderPosition{}, f.now.AddDate(1, 0, 0), 200))
		},
		"ScheduledReminders/second page": func(ctx c, tx pgx.Tx) error {
			return second(postgres.ScheduledReminders(ctx, tx, f.reminder.Position(), f.now.AddDate(1, 0, 0), 200))
		},
		"ClaimUnscheduled": func(ctx c, tx pgx.Tx) error {
			return second(postgres.ClaimUnscheduled(ctx, tx, f.now, f.now.Add(time.Minute), 100))
		},
		"MarkScheduled":   func(ctx c, tx pgx.Tx) error { return postgres.MarkScheduled(ctx, tx, f.reminder, f.now) },
		"MarkUnscheduled": func(ctx c, tx pgx.Tx) error { return postgres.MarkUnscheduled(ctx, tx, f.reminder, f.now, f.now) },
		"MarkForgotten":   func(ctx c, tx pgx.Tx) error { return postgres.MarkForgotten(ctx, tx, f.reminder) },
		"PurgeReminders":  func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeReminders(ctx, tx, f.longAgo(), purged)) },
		"InsertSession": func(ctx c, tx pgx.Tx) error {
			return postgres.InsertSession(ctx, tx, postgres.Session{ID: uuid.New(), TokenHash: []byte("new"), UserID: f.user.ID, CreatedAt: f.now, ExpiresAt: f.now})
		},
		"UseSession":    func(ctx c, tx pgx.Tx) error { return second(postgres.UseSession(ctx, tx, f.session.TokenHash, f.now)) },
		"SessionByHash": func(ctx c, tx pgx.Tx) error { return second(postgres.SessionByHash(ctx, tx, f.session.TokenHash)) },
		"LockSession":   func(ctx c, tx pgx.Tx) error { return postgres.LockSession(ctx, tx, f.session.ID) },
		"RenewSession": func(ctx c, tx pgx.Tx) error {
			return postgres.RenewSession(ctx, tx, f.session.TokenHash, f.now.AddDate(1, 0, 0))
		},
		"IsDevice": func(ctx c, tx pgx.Tx) error { return second(postgres.IsDevice(ctx, tx, f.user.Email, f.device)) },
		"UseDevice": func(ctx c, tx pgx.Tx) error {
			return second(postgres.UseDevice(ctx, tx, f.user.ID, f.device, []byte("new"), f.now))
		},
		"UseDevice/new": func(ctx c, tx pgx.Tx) error {
			return second(postgres.UseDevice(ctx, tx, f.user.ID, []byte("other"), []byte("new"), f.now))
		},
		"DeleteOtherDevices":  func(ctx c, tx pgx.Tx) error { return postgres.DeleteOtherDevices(ctx, tx, f.user.ID, []byte("other")) },
		"PurgeDevices":        func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeDevices(ctx, tx, f.longAgo(), purged)) },
		"Sessions":            func(ctx c, tx pgx.Tx) error { return second(postgres.Sessions(ctx, tx, f.user.ID, f.now)) },
		"EndSession":          func(ctx c, tx pgx.Tx) error { return second(postgres.EndSession(ctx, tx, f.user.ID, f.session.ID)) },
		"DeleteSession":       func(ctx c, tx pgx.Tx) error { return postgres.DeleteSession(ctx, tx, f.session.TokenHash) },
		"DeleteOtherSessions": func(ctx c, tx pgx.Tx) error { return postgres.DeleteOtherSessions(ctx, tx, f.user.ID, []byte("other")) },
		"PurgeSessions":       func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeSessions(ctx, tx, f.longAgo(), purged)) },
		"InsertTask":          func(ctx c, tx pgx.Tx) error { return second(postgres.InsertTask(ctx, tx, f.user.ID, f.newTask())) },
		"UpdateTask":          func(ctx c, tx pgx.Tx) error { return postgres.UpdateTask(ctx, tx, f.user.ID, f.task) },
		"DeleteTask":          func(ctx c, tx pgx.Tx) error { return postgres.DeleteTask(ctx, tx, f.user.ID, f.task.ID) },
		"TaskByID":            func(ctx c, tx pgx.Tx) error { return second(postgres.TaskByID(ctx, tx, f.user.ID, f.task.ID)) },
		"ListTasks": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{Limit: 200}))
		},
		"ListTasks/second page": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{After: f.position(), Limit: 200}))
		},
		"ListTasks/open": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{Status: "open", Limit: 200}))
		},
		"ListTasks/due": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{Status: "open", DueAfter: &f.now, DueBefore: f.tomorrow(), Limit: 200}))
		},
		"ListTasks/completed": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{ByCompletion: true, Limit: 5}))
		},
		"ListTasks/completed, second page": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{ByCompletion: true, After: f.completed(), Limit: 5}))
		},
		"ListTasks/with a tag": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{Tag: "work", Limit: 200}))
		},
		"ListTasks/recurring": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{Status: "open", Recurring: true, DueBefore: f.tomorrow(), Limit: 200}))
		},
		"CountOpenTasks": func(ctx c, tx pgx.Tx) error {
			return second(postgres.CountOpenTasks(ctx, tx, f.user.ID, f.now, time.UTC))
		},
		"ListTasks/with words": func(ctx c, tx pgx.Tx) error {
			return third(postgres.ListTasks(ctx, tx, f.user.ID, postgres.TaskFilter{Query: "rent", Limit: 200}))
		},
		"InsertToken": func(ctx c, tx pgx.Tx) error {
			return postgres.InsertToken(ctx, tx, postgres.Token{ID: uuid.New(), UserID: f.user.ID, Scopes: []string{}, CreatedAt: f.now}, []byte("new"))
		},
		"TokenByHash":            func(ctx c, tx pgx.Tx) error { return second(postgres.TokenByHash(ctx, tx, f.tokenHash, f.now)) },
		"ListTokens":             func(ctx c, tx pgx.Tx) error { return second(postgres.ListTokens(ctx, tx, f.user.ID, nil, 100)) },
		"ListTokens/second page": func(ctx c, tx pgx.Tx) error { return second(postgres.ListTokens(ctx, tx, f.user.ID, &f.letter, 100)) },
		"CountTokens":            func(ctx c, tx pgx.Tx) error { return second(postgres.CountTokens(ctx, tx, f.user.ID)) },
		"CountDeliveries": func(ctx c, tx pgx.Tx) error {
			return second(postgres.CountDeliveries(ctx, tx, f.user.ID, f.longAgo(), 500))
		},
		"DeleteAllTokens":  func(ctx c, tx pgx.Tx) error { return postgres.DeleteAllTokens(ctx, tx, f.user.ID) },
		"DeleteToken":      func(ctx c, tx pgx.Tx) error { return postgres.DeleteToken(ctx, tx, f.user.ID, f.token) },
		"Usage":            func(ctx c, tx pgx.Tx) error { return second(postgres.Usage(ctx, tx, f.user.ID)) },
		"LockUserAndUsage": func(ctx c, tx pgx.Tx) error { return third(postgres.LockUserAndUsage(ctx, tx, f.user.ID)) },
		"FoldUsage":        func(ctx c, tx pgx.Tx) error { return second(postgres.FoldUsage(ctx, tx, 10)) },
		"OAuthClientByID":  func(ctx c, tx pgx.Tx) error { return second(postgres.OAuthClientByID(ctx, tx, f.grant.ClientID)) },
		"RenewOAuthClient": func(ctx c, tx pgx.Tx) error {
			return second(postgres.RenewOAuthClient(ctx, tx, []byte(f.grant.ClientID), f.now))
		},
		"InsertOAuthClient": func(ctx c, tx pgx.Tx) error {
			return second(postgres.InsertOAuthClient(ctx, tx, postgres.OAuthClient{ID: "new", RedirectURIs: []string{}, CreatedAt: f.now}, []byte("new")))
		},
		"PurgeOAuthClients": func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeOAuthClients(ctx, tx, f.longAgo(), purged)) },
		"KeepOAuthGrant":    func(ctx c, tx pgx.Tx) error { return second(postgres.KeepOAuthGrant(ctx, tx, f.grant)) },
		"LockOAuthGrant":    func(ctx c, tx pgx.Tx) error { return second(postgres.LockOAuthGrant(ctx, tx, f.grant.ID)) },
		"Conversations":     func(ctx c, tx pgx.Tx) error { return second(postgres.Conversations(ctx, tx, f.user.ID)) },
		"OAuthGrants":       func(ctx c, tx pgx.Tx) error { return second(postgres.OAuthGrants(ctx, tx, f.user.ID, f.now)) },
		"DeleteOAuthGrant":  func(ctx c, tx pgx.Tx) error { return postgres.DeleteOAuthGrant(ctx, tx, f.user.ID, f.grant.ID) },
		"PurgeOAuthGrants":  func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeOAuthGrants(ctx, tx, f.longAgo(), purged)) },
		"InsertOAuthToken":  func(ctx c, tx pgx.Tx) error { return postgres.InsertOAuthToken(ctx, tx, f.newAccess()) },
		"OAuthTokenByHash":  func(ctx c, tx pgx.Tx) error { return second(postgres.OAuthTokenByHash(ctx, tx, f.access.Hash)) },
		"UseOAuthAccess":    func(ctx c, tx pgx.Tx) error { return third(postgres.UseOAuthAccess(ctx, tx, f.access.Hash, f.now)) },
		"SpendOAuthToken":   func(ctx c, tx pgx.Tx) error { return postgres.SpendOAuthToken(ctx, tx, f.access.Hash, f.now) },
		"DeleteOAuthToken":  func(ctx c, tx pgx.Tx) error { return postgres.DeleteOAuthToken(ctx, tx, f.access.Hash) },
		"EndOAuthFamily":    func(ctx c, tx pgx.Tx) error { return postgres.EndOAuthFamily(ctx, tx, f.access.Family) },
		"PurgeOAuthTokens":  func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeOAuthTokens(ctx, tx, f.longAgo(), purged)) },
		"TaskIDs":           func(ctx c, tx pgx.Tx) error { return second(postgres.TaskIDs(ctx, tx, f.user.ID)) },
		"TasksByIDs":        func(ctx c, tx pgx.Tx) error { return second(postgres.TasksByIDs(ctx, tx, f.user.ID, f.tasks[:100])) },
		"TaskOwners":        func(ctx c, tx pgx.Tx) error { return second(postgres.TaskOwners(ctx, tx, f.tasks[:100])) },
		"ForeignSeries": func(ctx c, tx pgx.Tx) error {
			return second(postgres.ForeignSeries(ctx, tx, f.user.ID, []uuid.UUID{uuid.New()}))
		},
		"TakeRevisions": func(ctx c, tx pgx.Tx) error { return second(postgres.TakeRevisions(ctx, tx, f.user.ID, 10)) },
		"InsertTasks": func(ctx c, tx pgx.Tx) error {
			return postgres.InsertTasks(ctx, tx, f.user.ID, []task.Task{f.newTask(), f.newTask()})
		},
		"SetFirstReminders": func(ctx c, tx pgx.Tx) error { return postgres.SetFirstReminders(ctx, tx, f.user.ID, f.wanted(), f.now) },
		"CopyEvents":        func(ctx c, tx pgx.Tx) error { return postgres.CopyEvents(ctx, tx, f.changed()) },
		"InsertUser": func(ctx c, tx pgx.Tx) error {
			return postgres.InsertUser(ctx, tx, postgres.User{ID: uuid.New(), Email: "new@example.com", TimeZone: "UTC", CreatedAt: f.now})
		},
		"UserByID":         func(ctx c, tx pgx.Tx) error { return second(postgres.UserByID(ctx, tx, f.user.ID)) },
		"Revisions":        func(ctx c, tx pgx.Tx) error { return second(postgres.Revisions(ctx, tx, []uuid.UUID{f.user.ID})) },
		"UserByEmail":      func(ctx c, tx pgx.Tx) error { return second(postgres.UserByEmail(ctx, tx, f.user.Email)) },
		"LockUser":         func(ctx c, tx pgx.Tx) error { return second(postgres.LockUser(ctx, tx, f.user.ID)) },
		"LockUserToDelete": func(ctx c, tx pgx.Tx) error { return second(postgres.LockUserToDelete(ctx, tx, f.user.ID)) },
		"UpdateUser":       func(ctx c, tx pgx.Tx) error { return postgres.UpdateUser(ctx, tx, f.user) },
		"DeleteUser":       func(ctx c, tx pgx.Tx) error { return postgres.DeleteUser(ctx, tx, f.user.ID) },
		"IsLarge":          func(ctx c, tx pgx.Tx) error { return second(postgres.IsLarge(ctx, tx, f.user.ID, purged)) },
		"CloseAccount":     func(ctx c, tx pgx.Tx) error { return postgres.CloseAccount(ctx, tx, f.user.ID, f.now) },
		"RemoveRows":       func(ctx c, tx pgx.Tx) error { return second(postgres.RemoveRows(ctx, tx, f.user.ID, purged)) },
		"NextRevision":     func(ctx c, tx pgx.Tx) error { return second(postgres.NextRevision(ctx, tx, f.user.ID)) },
		"SetRevision":      func(ctx c, tx pgx.Tx) error { return postgres.SetRevision(ctx, tx, f.user.ID, 500) },
		"MoveWholeDays":    func(ctx c, tx pgx.Tx) error { return second(postgres.MoveWholeDays(ctx, tx, f.user)) },
		"MoveReminders":    func(ctx c, tx pgx.Tx) error { return postgres.MoveReminders(ctx, tx, f.user.ID, f.wanted()) },
		"Accounts":         func(ctx c, tx pgx.Tx) error { return second(postgres.Accounts(ctx, tx, f.user.Email, 20)) },
		"HasAdmin":         func(ctx c, tx pgx.Tx) error { return second(postgres.HasAdmin(ctx, tx)) },
		"UpdateAccount":    func(ctx c, tx pgx.Tx) error { return postgres.UpdateAccount(ctx, tx, f.user) },
		"ExpiredUsers":     func(ctx c, tx pgx.Tx) error { return second(postgres.ExpiredUsers(ctx, tx, f.now, purged)) },
		"InsertLink":       func(ctx c, tx pgx.Tx) error { return postgres.InsertLink(ctx, tx, f.newLink(), []byte("new")) },
		"KeepSetupLink":    func(ctx c, tx pgx.Tx) error { return postgres.KeepSetupLink(ctx, tx, f.newLink(), []byte("setup")) },
		"LinkByID":         func(ctx c, tx pgx.Tx) error { return second(postgres.LinkByID(ctx, tx, f.link.ID, f.now)) },
		"LinkByHash": func(ctx c, tx pgx.Tx) error {
			return second(postgres.LinkByHash(ctx, tx, hashOf(postgres.LinkReset+f.user.ID.String()), f.now))
		},
		"ArmLink":     func(ctx c, tx pgx.Tx) error { return postgres.ArmLink(ctx, tx, f.link, []byte("new")) },
		"UseLink":     func(ctx c, tx pgx.Tx) error { return postgres.UseLink(ctx, tx, f.link, f.now) },
		"DeleteLinks": func(ctx c, tx pgx.Tx) error { return postgres.DeleteLinks(ctx, tx, f.user.ID, postgres.LinkReset) },
		"PurgeLinks":  func(ctx c, tx pgx.Tx) error { return second(postgres.PurgeLinks(ctx, tx, f.longAgo(), purged)) },
		"KeepAddressChange": func(ctx c, tx pgx.Tx) error {
			return postgres.KeepAddressChange(ctx, tx, postgres.AddressChange{UserID: f.user.ID, ExpiresAt: f.now})
		},
		"AddressChangeOf":     func(ctx c, tx pgx.Tx) error { return third(postgres.AddressChangeOf(ctx, tx, f.user.ID, f.now)) },
		"DeleteAddressChange": func(ctx c, tx pgx.Tx) error { return postgres.DeleteAddressChange(ctx, tx, f.user.ID) },
		"SetAddress":          func(ctx c, tx pgx.Tx) error { return postgres.SetAddress(ctx, tx, f.user.ID, "moved@example.com", nil) },
		"ConfirmAddress":      func(ctx c, tx pgx.Tx) error { return postgres.ConfirmAddress(ctx, tx, f.user.ID, f.now) },
		"DeleteCredentials":   func(ctx c, tx pgx.Tx) error { return postgres.DeleteCredentials(ctx, tx, f.user.ID) },
		"MarkAsked":           func(ctx c, tx pgx.Tx) error { return second(postgres.MarkAsked(ctx, tx, f.user.ID, f.now)) },
		"MailedOf":            func(ctx c, tx pgx.Tx) error { return second(postgres.MailedOf(ctx, tx, f.user.ID)) },
		"CountMail":           func(ctx c, tx pgx.Tx) error { return second(postgres.CountMail(ctx, tx, f.user.ID, "links", 5, f.now)) },
		"SetMails":            func(ctx c, tx pgx.Tx) error { return postgres.SetMails(ctx, tx, true) },
		"Mails":               func(ctx c, tx pgx.Tx) error { return second(postgres.Mails(ctx, tx)) },
		"ReplayDeadLetter":    func(ctx c, tx pgx.Tx) error { return postgres.ReplayDeadLetter(ctx, tx, f.letter, f.now) },
	}
}

// second and third return the error of a call with further results.
func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }
