package task

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("", 3600)
	local := time.Date(2026, 3, 1, 9, 0, 0, 123_456_789, berlin)
	utc := time.Date(2026, 3, 1, 8, 0, 0, 123_456_000, time.UTC)
	other := utc.Add(time.Hour)
	usual := []Reminder{{MinutesBefore: new(15)}}
	tests := []struct {
		name     string
		in, want Task
	}{
		{"missing fields", Task{Title: "x"}, Task{Title: "x", Priority: PriorityNone, TimeZone: "UTC", Tags: []string{}, Reminders: usual}},
		{"given fields", Task{Title: "x", Priority: PriorityHigh, TimeZone: "Asia/Tokyo", Tags: []string{"a"}, Reminders: []Reminder{{MinutesBefore: new(0)}}},
			Task{Title: "x", Priority: PriorityHigh, TimeZone: "Asia/Tokyo", Tags: []string{"a"}, Reminders: []Reminder{{MinutesBefore: new(0)}}}},
		{"no reminders", Task{Reminders: []Reminder{}}, Task{Priority: PriorityNone, TimeZone: "UTC", Tags: []string{}, Reminders: []Reminder{}}},
		{"spaces around the title", Task{Title: " \t a b \n"}, Task{Title: "a b", Priority: PriorityNone, TimeZone: "UTC", Tags: []string{}, Reminders: usual}},
		{"spaces in the description", Task{Description: " a "}, Task{Description: " a ", Priority: PriorityNone, TimeZone: "UTC", Tags: []string{}, Reminders: usual}},
		{"tags", Task{Tags: []string{"#home", " home ", "home", "Home", "#a b"}}, Task{Priority: PriorityNone, TimeZone: "UTC", Tags: []string{"home", "Home", "a b"}, Reminders: usual}},
		{"instants", Task{DueAt: &local, CompletedAt: &local, Occurrence: &local, SnoozedUntil: &local, Reminders: []Reminder{{At: &local}}},
			Task{Priority: PriorityNone, TimeZone: "UTC", Tags: []string{}, DueAt: &utc, CompletedAt: &utc, Occurrence: &utc, SnoozedUntil: &utc, Reminders: []Reminder{{At: &utc}}}},
		{"a recurrence", Task{DueAt: &local, Recurrence: &Recurrence{RRule: "daily", EndAt: &local}},
			Task{Priority: PriorityNone, TimeZone: "UTC", Tags: []string{}, Reminders: usual, DueAt: &utc,
				Recurrence: &Recurrence{RRule: "daily", DTStart: &utc, EndAt: &utc, Anchor: AnchorDue, Missed: MissedSkip}}},
		{"a recurrence that has begun", Task{DueAt: &local, Recurrence: &Recurrence{RRule: "daily", DTStart: &other, Anchor: AnchorCompletion, Missed: MissedCatchUp}},
			Task{Priority: PriorityNone, TimeZone: "UTC", Tags: []string{}, Reminders: usual, DueAt: &utc,
				Recurrence: &Recurrence{RRule: "daily", DTStart: &other, Anchor: AnchorCompletion, Missed: MissedCatchUp}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := tt.in
			got.Normalize()
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			again := got
			if again.Normalize(); !reflect.DeepEqual(again, got) {
				t.Errorf("normalized again it is %+v, was %+v", again, got)
			}
		})
	}
	if local.Location() != berlin {
		t.Error("the caller's instants are changed")
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	early, late := time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	many := func(n int) []string {
		tags := make([]string, n)
		for i := range tags {
			tags[i] = fmt.Sprint("tag", i)
		}
		return tags
	}
	tests := []struct {
		name string
		edit func(*Task)
		want string // the bad fields
	}{
		{"nothing wrong", func(*Task) {}, ""},
		{"no title", func(x *Task) { x.Title = " " }, "title"},
		{"the longest title", func(x *Task) { x.Title = strings.Repeat("漢", MaxTitle) }, ""},
		{"a longer title", func(x *Task) { x.Title = strings.Repeat("漢", MaxTitle+1) }, "title"},
		{"the longest description", func(x *Task) { x.Description = strings.Repeat("😀", MaxDescription) }, ""},
		{"a longer description", func(x *Task) { x.Description = strings.Repeat("a", MaxDescription+1) }, "description"},
		{"NUL", func(x *Task) { x.Title, x.Description, x.Tags = "a\x00b", "\x00", []string{"\x00"} }, "description tags title"},
		{"not UTF-8", func(x *Task) { x.Title, x.Description, x.Tags = "a\xff", "\xc3", []string{"\x80"} }, "description tags title"},
		{"other control characters", func(x *Task) { x.Title, x.Description = "a\tb", "\x01\u202e\r\n\t" }, ""},
		{"a control character in the title", func(x *Task) { x.Title = "a\x01b" }, "title"},
		{"a title in another direction", func(x *Task) { x.Title = "invoice \u202excod.exe" }, "title"},
		{"a series beyond 9999", func(x *Task) { x.Recurrence = &Recurrence{RRule: "daily", EndAt: &late} }, "recurrence.end_at"},
		{"an unknown priority", func(x *Task) { x.Priority = "urgent" }, "priority"},
		{"the most tags", func(x *Task) { x.Tags = many(MaxTags) }, ""},
		{"more tags", func(x *Task) { x.Tags = many(MaxTags + 1) }, "tags"},
		{"an empty tag", func(x *Task) { x.Tags = []string{"#"} }, "tags"},
		{"the longest tag", func(x *Task) { x.Tags = []string{strings.Repeat("ä", MaxTag)} }, ""},
		{"a longer tag", func(x *Task) { x.Tags = []string{strings.Repeat("ä", MaxTag+1)} }, "tags"},
		{"no such time zone", func(x *Task) { x.TimeZone = "Mars/Olympus" }, "time_zone"},
		{"the machine's time zone", func(x *Task) { x.TimeZone = "Local" }, "time_zone"},
		{"a path as time zone", func(x *Task) { x.TimeZone = "../../etc/passwd" }, "time_zone"},
		{"due before 1970", func(x *Task) { x.DueAt = &early }, "due_at"},
		{"due after 9999", func(x *Task) { x.DueAt = &late }, "due_at"},
		{"no due date", func(x *Task) { x.DueAt = nil }, ""},
		{"the most reminders", func(x *Task) { x.Reminders = slices.Repeat([]Reminder{{At: &due}}, MaxReminders) }, ""},
		{"more reminders", func(x *Task) { x.Reminders = slices.Repeat([]Reminder{{At: &due}}, MaxReminders+1) }, "reminders"},
		{"a reminder of nothing", func(x *Task) { x.Reminders = []Reminder{{}} }, "reminders"},
		{"a reminder of both kinds", func(x *Task) { x.Reminders = []Reminder{{At: &due, MinutesBefore: new(1)}} }, "reminders"},
		{"a reminder after it is due", func(x *Task) { x.Reminders = []Reminder{{MinutesBefore: new(-1)}} }, "reminders"},
		{"the earliest reminder", func(x *Task) { x.Reminders = []Reminder{{MinutesBefore: new(MaxMinutesBefore)}} }, ""},
		{"an earlier reminder", func(x *Task) { x.Reminders = []Reminder{{MinutesBefore: new(MaxMinutesBefore + 1)}} }, "reminders"},
		{"a reminder after 9999", func(x *Task) { x.Reminders = []Reminder{{At: &late}} }, "reminders"},
		{"a day", func(x *Task) { x.DueAt, x.DueOn = nil, new(Date("2024-02-29")) }, ""},
		{"a day and an instant", func(x *Task) { x.DueOn = new(Date("2026-12-31")) }, "due_on"},
		{"a day that does not exist", func(x *Task) { x.DueAt, x.DueOn = nil, new(Date("2026-02-29")) }, "due_on"},
		{"a day before 1970", func(x *Task) { x.DueAt, x.DueOn = nil, new(Date("1969-12-31")) }, "due_on"},
		{"an instant as a day", func(x *Task) { x.DueAt, x.DueOn = nil, new(Date("2026-12-31T09:00:00Z")) }, "due_on"},
		{"a recurrence of a day", func(x *Task) {
			x.DueAt, x.DueOn, x.Recurrence = nil, new(Date("2026-12-31")), &Recurrence{RRule: "FREQ=MONTHLY;BYMONTHDAY=-1"}
		}, ""},
		{"a recurrence of a day with hours", func(x *Task) {
			x.DueAt, x.DueOn, x.Recurrence = nil, new(Date("2026-12-31")), &Recurrence{RRule: "FREQ=DAILY;BYHOUR=9,17"}
		}, "recurrence.rrule"},
		{"a recurrence of a bad day", func(x *Task) {
			x.DueAt, x.DueOn, x.Recurrence = nil, new(Date("soon")), &Recurrence{RRule: "daily"}
		}, "due_on"},
		{"a reminder a year before", func(x *Task) { x.Reminders = []Reminder{{DaysBefore: new(MaxDaysBefore)}} }, ""},
		{"a reminder earlier than that", func(x *Task) { x.Reminders = []Reminder{{DaysBefore: new(MaxDaysBefore + 1)}} }, "reminders"},
		{"a reminder with a bad time", func(x *Task) { x.Reminders = []Reminder{{DaysBefore: new(0), TimeOfDay: "9:00"}} }, "reminders"},
		{"a reminder with a time alone", func(x *Task) { x.Reminders = []Reminder{{TimeOfDay: "09:00"}} }, "reminders"},
		{"a reminder of two kinds", func(x *Task) { x.Reminders = []Reminder{{DaysBefore: new(0), MinutesBefore: new(0)}} }, "reminders"},
		{"a recurrence", func(x *Task) { x.Recurrence = &Recurrence{RRule: "weekly"} }, ""},
		{"a recurrence without a due date", func(x *Task) { x.DueAt, x.Recurrence = nil, &Recurrence{RRule: "weekly"} }, "due_at"},
		{"a recurrence that is none", func(x *Task) { x.Recurrence = &Recurrence{RRule: "often", Anchor: "x", Missed: "y"} }, "recurrence.anchor recurrence.missed recurrence.rrule"},
		{"several at once", func(x *Task) { x.Title, x.Priority, x.TimeZone = "", "x", "y" }, "priority time_zone title"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := Task{Title: "x", DueAt: &due}
			tt.edit(&x)
			x.Normalize()
			err := x.Validate()
			var fields []string
			if invalid, ok := errors.AsType[*Error](err); ok {
				for _, f := range invalid.Fields {
					fields = append(fields, f.Field)
					if f.Message == "" || !strings.Contains(err.Error(), f.Field+": "+f.Message) {
						t.Errorf("%v does not describe the problem of %s", err, f.Field)
					}
				}
			}
			slices.Sort(fields)
			if got := strings.Join(slices.Compact(fields), " "); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
			if want := map[bool]Code{true: CodeInvalid}[tt.want != ""]; ErrorCode(err) != want {
				t.Errorf("got code %q, want %q", ErrorCode(err), want)
			}
		})
	}
}

func TestReminderTime(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	at := due.AddDate(0, 0, -3)
	tests := []struct {
		name string
		r    Reminder
		due  *time.Time
		want time.Time
		ok   bool
	}{
		{"minutes before", Reminder{MinutesBefore: new(90)}, &due, due.Add(-90 * time.Minute), true},
		{"at the due date", Reminder{MinutesBefore: new(0)}, &due, due, true},
		{"before nothing", Reminder{MinutesBefore: new(15)}, nil, time.Time{}, false},
		{"an instant", Reminder{At: &at}, &due, at, true},
		{"an instant without a due date", Reminder{At: &at}, nil, at, true},
		{"none", Reminder{}, &due, time.Time{}, false},
		{"days before nothing", Reminder{DaysBefore: new(1)}, nil, time.Time{}, false},
	}
	for _, tt := range tests {
		x := Task{DueAt: tt.due, TimeZone: "UTC"}
		if got, ok := x.RemindAt(tt.r); ok != tt.ok || !got.Equal(tt.want) {
			t.Errorf("%s: got %s, %v, want %s, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

// Days before are days of the calendar, with the clock of the task's zone.
func TestReminderDaysBefore(t *testing.T) {
	t.Parallel()
	day := func(n int, clock string) Reminder { return Reminder{DaysBefore: &n, TimeOfDay: clock} }
	const instant = "2026-03-29T18:00+02:00" // Berlin has moved its clocks forward at night
	tests := []struct {
		zone, due, on string
		r             Reminder
		want          string
	}{
		{"Europe/Berlin", instant, "", day(1, ""), "2026-03-28T18:00+01:00"},
		{"Europe/Berlin", instant, "", day(1, "09:00"), "2026-03-28T09:00+01:00"},
		{"Europe/Berlin", instant, "", day(0, "09:00"), "2026-03-29T09:00+02:00"},
		{"Europe/Berlin", instant, "", day(0, "02:30"), "2026-03-29T03:30+02:00"},
		{"Europe/Berlin", instant, "", day(366, ""), "2025-03-28T18:00+01:00"},
		{"Europe/Berlin", "", "2026-03-29", day(0, "09:00"), "2026-03-29T09:00+02:00"},
		{"Europe/Berlin", "", "2026-03-29", day(1, "20:00"), "2026-03-28T20:00+01:00"},
		{"Europe/Berlin", "", "2026-03-29", day(7, ""), "2026-03-22T09:00+01:00"},
		{"Asia/Tokyo", "", "2026-03-29", day(0, "09:00"), "2026-03-29T09:00+09:00"},
		{"Pacific/Honolulu", "", "2026-03-29", day(0, "09:00"), "2026-03-29T09:00-10:00"},
		{"Pacific/Honolulu", "", "2026-03-29", Reminder{MinutesBefore: new(60)}, "2026-03-28T23:00-10:00"},
	}
	for _, tt := range tests {
		x := Task{TimeZone: tt.zone}
		if tt.on != "" {
			x.DueOn = new(Date(tt.on))
		} else {
			x.DueAt = new(at(t, tt.due))
		}
		got, ok := x.RemindAt(tt.r)
		if !ok || text(t, tt.zone, got) != tt.want {
			t.Errorf("%+v of a task due %s%s in %s: got %s, want %s", tt.r, tt.due, tt.on, tt.zone, text(t, tt.zone, got), tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		code Code
		text string
	}{
		{"nil", nil, "", ""},
		{"another error", errors.New("disk on fire"), CodeInternal, "disk on fire"},
		{"ours", Errorf(CodeConflict, "there are %d", 2), CodeConflict, "there are 2"},
		{"ours, wrapped", fmt.Errorf("create task: %w", Errorf(CodeNotFound, "no user")), CodeNotFound, "create task: no user"},
		{"ours, joined", errors.Join(errors.New("a"), RetryLater(CodeUnavailable, time.Second, "busy")), CodeUnavailable, "a\nbusy"},
		{"a bad field", Invalid("title", "is required"), CodeInvalid, "some fields are not valid: title: is required"},
		{"bad fields", InvalidFields([]FieldError{{"a", "x"}, {"b", "y"}}), CodeInvalid, "some fields are not valid: a: x; b: y"},
		{"no bad fields", InvalidFields(nil), "", ""},
	}
	for _, tt := range tests {
		if got := ErrorCode(tt.err); got != tt.code {
			t.Errorf("%s: got code %q, want %q", tt.name, got, tt.code)
		}
		if tt.err != nil && tt.err.Error() != tt.text {
			t.Errorf("%s: got %q, want %q", tt.name, tt.err, tt.text)
		}
	}
	if e, ok := errors.AsType[*Error](RetryLater(CodeRateLimited, 3*time.Second, "wait")); !ok || e.RetryAfter != 3*time.Second {
		t.Errorf("got %+v, want a RetryAfter of 3s", e)
	}
}

func TestLoadZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"} {
		if zone, err := LoadZone(name); err != nil || zone.String() != name {
			t.Errorf("%s: got %v, %v", name, zone, err)
		}
	}
	for _, name := range []string{"", "Local", "Mars", "/etc/localtime", "..", "Europe/Berlin\x00"} {
		if _, err := LoadZone(name); err == nil {
			t.Errorf("%q is accepted as a time zone", name)
		}
	}
}

func TestInstant(t *testing.T) {
	t.Parallel()
	zone, err := LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for wall, want := range map[string]string{
		"2026-03-01T09:00": "2026-03-01T08:00Z",
		"2026-03-29T02:30": "2026-03-29T01:30Z", // skipped by the clock
		"2026-10-25T02:30": "2026-10-25T00:30Z", // shown twice by the clock
	} {
		local, err := time.ParseInLocation("2006-01-02T15:04", wall, time.FixedZone("", -7200))
		if err != nil {
			t.Fatal(err)
		}
		if got := Instant(local, zone); !got.Equal(at(t, want)) {
			t.Errorf("%s: got %s, want %s", wall, got.UTC(), want)
		}
	}
}
