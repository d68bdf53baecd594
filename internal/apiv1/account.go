package apiv1

import (
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// SignUp is the body of POST /signup. In the address, case and surrounding spaces are ignored.
type SignUp struct {
	Email    string `json:"email" validate:"required,email,max=254"`
	Password string `json:"password" validate:"required,min=8,max=256"`
	// TimeZone is the default time zone of the user's tasks; "" is UTC.
	TimeZone string `json:"time_zone,omitempty" validate:"omitempty,timezone"`
	// WeekStart is the first day of the user's week; "" is monday.
	WeekStart string `json:"week_start,omitempty" validate:"omitempty,oneof=monday sunday saturday"`
	// Language is the language of quick add; "" is the first known one of Accept-Language, or en.
	Language string `json:"language,omitempty" validate:"omitempty,oneof=en de fr es"`
	// Invite is the token of an invitation, which works once.
	Invite string `json:"invite,omitempty" validate:"max=100"`
}

// SignUpLink is the body of POST /signup/link.
type SignUpLink struct {
	Email string `json:"email" validate:"required,email,max=254"`
}

// SignupMode is the answer to GET /signup: open, confirm, invite or closed.
type SignupMode struct {
	Mode string `json:"mode"`
}

// Credentials is the body of POST /login.
type Credentials struct {
	Email    string `json:"email" validate:"required,email,max=254"`
	Password string `json:"password" validate:"required,max=256"`
}

// The signs that quick add reads.
const (
	// SignsOwn are #home and !high.
	SignsOwn = "own"
	// SignsTodoist are those, and also @home and p1 as in Todoist.
	SignsTodoist = "todoist"
)

// User is an account.
type User struct {
	ID       uuid.UUID `json:"id"`
	Email    string    `json:"email"`
	TimeZone string    `json:"time_zone"`
	// WeekStart is monday, sunday or saturday.
	WeekStart string `json:"week_start"`
	// Language is the language of quick add: en, de, fr or es.
	Language string `json:"language"`
	// LineSigns is SignsOwn or SignsTodoist.
	LineSigns string    `json:"line_signs"`
	CreatedAt time.Time `json:"created_at"`
	// Revision is the number of changes of the account's tasks.
	Revision int64 `json:"revision"`
	// Epoch names the history of the database to which Revision belongs.
	Epoch string `json:"epoch"`
	// DefaultReminders are the reminders of tasks that name none.
	DefaultReminders task.ReminderDefaults `json:"default_reminders"`
	// EmailConfirmed reports whether the person has confirmed the address. Only then reminders go there.
	EmailConfirmed bool `json:"email_confirmed"`
	Admin          bool `json:"admin"`
}

// FirstWeekday returns the first day of a week by its name: monday, sunday or saturday.
func FirstWeekday(name string) time.Weekday {
	switch name {
	case "sunday":
		return time.Sunday
	case "saturday":
		return time.Saturday
	}
	return time.Monday
}

// Me is a user with the state that every page shows.
type Me struct {
	User
	// StoredBytes is the number of bytes that the account stores.
	StoredBytes int64 `json:"stored_bytes"`
	// QuotaBytes is the number of bytes that the account may store; 0 means no limit.
	QuotaBytes int64 `json:"quota_bytes"`
	// EndedChannels are the channels that the system disabled and the user has not dismissed.
	EndedChannels []EndedChannel `json:"ended_channels"`
	// PendingEmail is the address that the account is to have, once both addresses have agreed.
	PendingEmail string `json:"pending_email,omitempty"`
	// EmailChannel reports whether the account has an enabled e-mail channel.
	EmailChannel bool `json:"email_channel"`
	// Mails reports whether the server sends e-mail.
	Mails bool `json:"mails"`
	// OpenTasks is there for ?include=open_tasks.
	OpenTasks *OpenTasks `json:"open_tasks,omitempty"`
}

// OpenTasks counts the open tasks of an account.
type OpenTasks struct {
	All int `json:"all"`
	// Overdue, Today and Upcoming count each task at most once. Tasks without a due date are in none.
	Overdue    int            `json:"overdue"`
	Today      int            `json:"today"`
	Upcoming   int            `json:"upcoming"`
	Priorities PriorityCounts `json:"priorities"`
	// Tags are the most frequent tags, by frequency and name.
	Tags []TagCount `json:"tags"`
	// MoreTags reports whether there are further tags.
	MoreTags bool `json:"more_tags"`
	// NextDueAt is the next instant at which a task becomes overdue, or null. Whole days have none.
	NextDueAt *time.Time `json:"next_due_at"`
}

// PriorityCounts counts open tasks by priority.
type PriorityCounts struct {
	High   int `json:"high"`
	Medium int `json:"medium"`
	Low    int `json:"low"`
	None   int `json:"none"`
}

// TagCount is the number of open tasks with a tag.
type TagCount struct {
	Tag   string `json:"tag"`
	Count int    `json:"count"`
}

// EndedChannel is a channel that the system disabled. It holds no secret.
type EndedChannel struct {
	ID   uuid.UUID `json:"id"`
	Kind string    `json:"kind"`
	// Where is the host of a webhook or push service, or the e-mail address.
	Where  string `json:"where"`
	Reason string `json:"reason"`
}

// AccountPatch is the body of PATCH /me. An absent field keeps its value.
type AccountPatch struct {
	TimeZone  *string `json:"time_zone,omitempty" validate:"omitempty,timezone"`
	WeekStart *string `json:"week_start,omitempty" validate:"omitempty,oneof=monday sunday saturday"`
	Language  *string `json:"language,omitempty" validate:"omitempty,oneof=en de fr es"`
	LineSigns *string `json:"line_signs,omitempty" validate:"omitempty,oneof=own todoist"`
	// DefaultReminders replaces the reminders of tasks that name none. Existing tasks keep theirs.
	DefaultReminders *task.ReminderDefaults `json:"default_reminders,omitempty"`
	// Password is the new password. It requires CurrentPassword and ends all other sessions.
	Password        *string `json:"password,omitempty" validate:"omitempty,min=8,max=256"`
	CurrentPassword *string `json:"current_password,omitempty" validate:"omitempty,max=256"`
	// RevokeTokens also deletes all API tokens and removes all connected clients. It requires Password.
	RevokeTokens bool `json:"revoke_tokens,omitempty"`
}

// AccountDeletion is the body of DELETE /me.
type AccountDeletion struct {
	Password string `json:"password" validate:"required,max=256"`
}

// Session is a login in a browser.
type Session struct {
	ID         uuid.UUID `json:"id"`
	UserAgent  string    `json:"user_agent"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	// Current reports whether the request was sent with this session.
	Current bool `json:"current"`
}

// TokenInput is the body of POST /tokens.
type TokenInput struct {
	Name   string   `json:"name" validate:"required,max=100"`
	Scopes []string `json:"scopes" validate:"required,min=1,unique,dive,oneof=tasks:read tasks:write account"`
	// ExpiresAt is the expiry of the token. Absent means 90 days, or the expiry of the caller's token if
	// that is earlier.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// NeverExpires makes a token without an expiry.
	NeverExpires bool `json:"never_expires,omitempty"`
	// Password is the account's password. A token with the scope account requires it.
	Password *string `json:"password,omitempty" validate:"omitempty,max=256"`
}

// Token is an API token without its credential.
type Token struct {
	ID        uuid.UUID  `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// TokenWithSecret is the answer that creates a token. Secret is the credential. It is shown only
// once: ShownOnce is set in the answer to a repeated request, which lacks it.
type TokenWithSecret struct {
	Token
	Secret    string `json:"token,omitempty"`
	ShownOnce bool   `json:"shown_once,omitempty"`
}

// Connection is a client that the user connected by OAuth.
type Connection struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
	// Place is the host to which the client returned, or the scheme of a program.
	Place      string    `json:"place"`
	Scopes     []string  `json:"scopes"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
}
