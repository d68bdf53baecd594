package openapi_test

import (
	"reflect"
	"testing"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
	"taskmaster/internal/history"
	"taskmaster/internal/phrase"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// goType is the Go type of a schema.
type goType struct {
	of reflect.Type
	// sent marks a type of requests. Its required fields and its limits come from the validate tags.
	sent bool
	// required lists further required fields of a type of requests.
	required []string
	// without lists fields of the Go type that the schema leaves out.
	without []string
	// loose marks a schema whose limits, and for answers whose required fields, are not in the tags.
	loose bool
}

func answer[T any]() goType { return goType{of: reflect.TypeFor[T]()} }

func request[T any](required ...string) goType {
	return goType{of: reflect.TypeFor[T](), sent: true, required: required}
}

func (g goType) loosely() goType { g.loose = true; return g }

func (g goType) leaveOut(fields ...string) goType { g.without = fields; return g }

// types holds the Go type of each schema.
var types = map[string]goType{
	"Problem": answer[server.Problem](), "FieldError": answer[task.FieldError](),
	"NextCursor": answer[string](), "Epoch": answer[string](), "TypedEmail": answer[string](),
	"Priority": answer[task.Priority](), "Anchor": answer[string](), "Missed": answer[string](), "WeekStart": answer[string](), "Language": answer[string](), "LineSigns": answer[string](),
	"Scope": answer[string](), "ChannelKind": answer[string](), "DeliveryState": answer[string](),

	"Task": answer[task.Task](), "TaskPage": answer[apiv1.Page[task.Task]](),
	"Recurrence": answer[task.Recurrence](), "Reminder": answer[task.Reminder](), "ReminderDefaults": answer[task.ReminderDefaults](),
	"TaskInput":       request[task.Task]("title").leaveOut(apiv1.ReadOnlyTaskFields()...).loosely(),
	"TaskPatch":       request[task.Task]().leaveOut(apiv1.ReadOnlyTaskFields()...).loosely(),
	"RecurrenceInput": request[task.Recurrence]("rrule").loosely(),
	"Snooze":          request[apiv1.Snooze](),
	"HistoryItem":     answer[apiv1.HistoryItem](), "HistoryPage": answer[apiv1.Page[apiv1.HistoryItem]](),
	"HistoryChange": answer[history.Change](),
	"Change":        answer[apiv1.Change](), "ChangePage": answer[apiv1.ChangePage](),

	"SignUp": request[apiv1.SignUp](), "Credentials": request[apiv1.Credentials](),
	"User": answer[apiv1.User](), "Me": answer[apiv1.Me](), "EndedChannel": answer[apiv1.EndedChannel](),
	"OpenTasks": answer[apiv1.OpenTasks](), "PriorityCounts": answer[apiv1.PriorityCounts](), "TagCount": answer[apiv1.TagCount](),
	"SignupMode": answer[apiv1.SignupMode](),
	"SignUpLink": request[apiv1.SignUpLink](), "Forgotten": request[apiv1.Forgotten](), "PasswordReset": request[apiv1.PasswordReset](), "UsedLink": request[apiv1.UsedLink](),
	"LinkResult": answer[apiv1.LinkResult](), "AddressInput": request[apiv1.AddressInput](),
	"AccountPatch": request[apiv1.AccountPatch](), "AccountDeletion": request[apiv1.AccountDeletion](),
	"Session": answer[apiv1.Session](), "SessionPage": answer[apiv1.Page[apiv1.Session]](),
	"TokenInput": request[apiv1.TokenInput](), "Token": answer[apiv1.Token](), "TokenPage": answer[apiv1.Page[apiv1.Token]](),
	"TokenWithSecret": answer[apiv1.TokenWithSecret](),
	"Connection":      answer[apiv1.Connection](), "ConnectionPage": answer[apiv1.Page[apiv1.Connection]](),
	"OAuthRequest": request[apiv1.OAuthRequest]("query"), "OAuthConsent": answer[apiv1.OAuthConsent](),
	"OAuthDecision": request[apiv1.OAuthDecision]("query", "allow"), "OAuthRedirect": answer[apiv1.OAuthRedirect](),

	"Channel": answer[apiv1.Channel](), "ChannelPage": answer[apiv1.Page[apiv1.Channel]](),
	"ChannelWithSecret": answer[apiv1.ChannelWithSecret](),
	"ChannelInput":      request[apiv1.ChannelInput](), "ChannelPatch": request[apiv1.ChannelPatch](),
	"ChannelRenewal":   request[apiv1.ChannelRenewal]("subscription"),
	"PushSubscription": answer[apiv1.PushSubscription](), "PushKey": answer[apiv1.PushKey](),
	"Delivery": answer[apiv1.Delivery](), "DeliveryPage": answer[apiv1.Page[apiv1.Delivery]](),

	"Status": answer[apiv1.Status](), "OutboxStatus": answer[apiv1.OutboxStatus](), "ReminderStatus": answer[apiv1.ReminderStatus](),
	"DeliveryStatus": answer[apiv1.DeliveryStatus](), "DeadLetterStatus": answer[apiv1.DeadLetterStatus](), "DeadLetter": answer[apiv1.DeadLetter](),

	"Export": answer[apiv1.Export](), "ExportedHistory": answer[apiv1.ExportedHistory](), "ExportedChannel": answer[apiv1.ExportedChannel](),
	"ExportedConnection": answer[apiv1.ExportedConnection](),
	"Conversation":       answer[apiv1.Conversation](), "ConversationTurn": answer[apiv1.ConversationTurn](), "ConversationTask": answer[apiv1.ConversationTask](),
	"ExportedSettings": answer[apiv1.ExportedSettings]().loosely(),
	"Import":           request[apiv1.Import]("version", "tasks").loosely(), "ImportedTask": request[task.Task]("title").loosely(),
	"ImportResult": answer[apiv1.ImportResult](), "ImportSample": answer[apiv1.ImportSample](), "ImportNote": answer[apiv1.ImportNote](), "ImportColumn": answer[apiv1.ImportColumn](),
}

// enums holds the values of each enumeration in a schema, or in a field of a schema.
var enums = map[string][]string{
	"Priority":         {string(task.PriorityNone), string(task.PriorityLow), string(task.PriorityMedium), string(task.PriorityHigh)},
	"Anchor":           {task.AnchorDue, task.AnchorCompletion},
	"Missed":           {task.MissedSkip, task.MissedCatchUp},
	"WeekStart":        {postgres.WeekMonday, postgres.WeekSunday, postgres.WeekSaturday},
	"Language":         phrase.Languages,
	"LineSigns":        {apiv1.SignsOwn, apiv1.SignsTodoist},
	"Scope":            {account.ScopeTasksRead, account.ScopeTasksWrite, account.ScopeAccount},
	"ChannelKind":      {postgres.ChannelWebhook, postgres.ChannelEmail, postgres.ChannelWebPush},
	"DeliveryState":    {postgres.DeliveryPending, postgres.DeliverySent, postgres.DeliveryFailed, postgres.DeliveryGivenUp},
	"Change.type":      {event.TaskChanged, event.TaskDeleted},
	"HistoryItem.type": {history.Created, history.Changed, history.Completed, history.Reopened, history.Snoozed, history.Reminded, history.Skipped, history.Followed},
	"Problem.code": {
		string(task.CodeInvalid), string(task.CodeNotFound), string(task.CodeConflict), string(task.CodeUnauthorized), string(task.CodeForbidden),
		string(task.CodePrecondition), string(task.CodeRateLimited), string(task.CodeUnavailable), string(task.CodeDiskFull), string(task.CodeQuotaExceeded),
		string(task.CodeOutcomeUnknown), string(task.CodeInternal), "bad_request", "too_large", "unsupported_media_type", "method_not_allowed",
		string(account.CodeOther), "bad_gateway", "gateway_timeout",
	},
}

// taskLimits holds the limits of a task, which package task checks.
var taskLimits = map[string]float64{
	"Task.title.maxLength": task.MaxTitle, "Task.description.maxLength": task.MaxDescription, "Task.tags.maxItems": task.MaxTags,
	"Task.reminders.maxItems": task.MaxReminders, "TaskInput.description.maxLength": task.MaxDescription, "TaskPatch.description.maxLength": task.MaxDescription,
	"ImportedTask.description.maxLength": task.MaxDescription,
}

// TestSchemasAreTheTypes compares every schema with its Go type, both ways.
func TestSchemasAreTheTypes(t *testing.T) {
	t.Parallel()
	c := newComparison(t)
	for name := range c.schemas {
		if _, ok := types[name]; !ok {
			t.Errorf("schema %s has no Go type in this test", name)
		}
	}
	for name, of := range types {
		schema, ok := c.schemas[name].(map[string]any)
		if !ok {
			t.Errorf("there is no schema %s", name)
			continue
		}
		c.top(name, schema, of)
	}
	for name := range enums {
		if !c.enumsSeen[name] {
			t.Errorf("there is no enumeration %s", name)
		}
	}
}

// TestLimitsOfATask compares the limits of a task in the document with those of package task.
func TestLimitsOfATask(t *testing.T) {
	t.Parallel()
	c := newComparison(t)
	for path, want := range taskLimits {
		if got := c.at(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

// TestComparisonFindsDifferences changes the document in many ways, and expects a report of each.
func TestComparisonFindsDifferences(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(schemas map[string]any)
		want   string
	}{
		{"a field too many", func(s map[string]any) { properties(s, "User")["colour"] = map[string]any{"type": "string"} }, "User.colour is not in"},
		{"a field too few", func(s map[string]any) { delete(properties(s, "User"), "email") }, "User.email is missing"},
		{"another type", func(s map[string]any) { field(s, "User", "revision")["type"] = "string" }, "User.revision"},
		{"another format", func(s map[string]any) { field(s, "User", "id")["format"] = "uri" }, "User.id"},
		{"not nullable", func(s map[string]any) { field(s, "Delivery", "sent_at")["type"] = "string" }, "Delivery.sent_at"},
		{"nullable", func(s map[string]any) { field(s, "User", "email")["type"] = []any{"string", "null"} }, "User.email"},
		{"not required", func(s map[string]any) { object(s, "User")["required"] = []any{} }, "User.id"},
		{"required", func(s map[string]any) { object(s, "SignUp")["required"] = []any{"email", "password", "time_zone"} }, "SignUp.time_zone"},
		{"another limit", func(s map[string]any) { field(s, "SignUp", "password")["maxLength"] = 10.0 }, "SignUp.password"},
		{"a limit too few", func(s map[string]any) { delete(field(s, "TokenInput", "name"), "maxLength") }, "TokenInput.name"},
		{"duplicates", func(s map[string]any) { delete(field(s, "TokenInput", "scopes"), "uniqueItems") }, "TokenInput.scopes"},
		{"another enumeration", func(s map[string]any) { object(s, "WeekStart")["enum"] = []any{"monday"} }, "WeekStart"},
		{"another schema", func(s map[string]any) { field(s, "Change", "task")["$ref"] = "#/components/schemas/User" }, "Change.task"},
		{"another item", func(s map[string]any) {
			field(s, "TaskPage", "items")["items"] = map[string]any{"$ref": "#/components/schemas/User"}
		}, "TaskPage.items"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var found reports
			c := newComparison(t)
			c.report = &found
			tt.change(c.schemas)
			for name, of := range types {
				c.top(name, c.schemas[name].(map[string]any), of)
			}
			if !found.contain(tt.want) {
				t.Errorf("got %q, want a report about %s", found, tt.want)
			}
		})
	}
}

func object(schemas map[string]any, name string) map[string]any {
	return schemas[name].(map[string]any)
}

func properties(schemas map[string]any, name string) map[string]any {
	return object(schemas, name)["properties"].(map[string]any)
}

func field(schemas map[string]any, name, property string) map[string]any {
	return properties(schemas, name)[property].(map[string]any)
}
