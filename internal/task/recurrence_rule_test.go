package task

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestValidateRecurrence(t *testing.T) {
	t.Parallel()
	const due = "2026-02-09T09:00Z"
	tests := []struct {
		name string
		r    Recurrence
		want string // field and part of its message; "" means valid
	}{
		{"shorthand", Recurrence{RRule: "monthly"}, ""},
		{"all set", Recurrence{RRule: "RRULE:FREQ=WEEKLY;BYDAY=MO,TH", Anchor: AnchorCompletion, Missed: MissedCatchUp, EndAt: new(at(t, due))}, ""},
		{"every part", Recurrence{RRule: "FREQ=YEARLY;INTERVAL=2;COUNT=5;WKST=SU;BYMONTH=2,3;BYMONTHDAY=-1;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0;BYSETPOS=1"}, ""},
		{"anchor", Recurrence{RRule: "daily", Anchor: "done"}, "recurrence.anchor completion"},
		{"missed", Recurrence{RRule: "daily", Missed: "catchup"}, "recurrence.missed catch_up"},
		{"dtstart", Recurrence{RRule: "daily", DTStart: new(at(t, "0001-01-01T00:00Z"))}, "recurrence.dtstart 1970"},
		{"end before start", Recurrence{RRule: "daily", EndAt: new(at(t, "2026-02-09T08:59Z"))}, "recurrence.end_at later"},
		{"UNTIL before start", Recurrence{RRule: "FREQ=DAILY;UNTIL=20260208"}, "recurrence.rrule UNTIL"},
		{"empty", Recurrence{}, "recurrence.rrule weekly"},
		{"words", Recurrence{RRule: "every monday"}, "recurrence.rrule weekly"},
		{"too long", Recurrence{RRule: "FREQ=DAILY;BYMONTH=" + strings.Repeat("1,", 250) + "1"}, "recurrence.rrule 512"},
		{"no FREQ", Recurrence{RRule: "INTERVAL=2"}, "recurrence.rrule FREQ=DAILY"},
		{"FREQ=HOURLY", Recurrence{RRule: "FREQ=HOURLY"}, "recurrence.rrule HOURLY"},
		{"DTSTART as a part", Recurrence{RRule: "DTSTART=20260209T090000Z;FREQ=DAILY"}, "recurrence.rrule due_at"},
		{"DTSTART as a line", Recurrence{RRule: "DTSTART:20260209T090000Z\nRRULE:FREQ=DAILY"}, "recurrence.rrule due_at"},
		{"unknown part", Recurrence{RRule: "FREQ=DAILY;BYEASTER=1"}, "recurrence.rrule BYEASTER"},
		{"BYSECOND", Recurrence{RRule: "FREQ=DAILY;BYSECOND=1"}, "recurrence.rrule BYSECOND"},
		{"BYWEEKNO", Recurrence{RRule: "FREQ=YEARLY;BYWEEKNO=20"}, "recurrence.rrule BYMONTH"},
		{"a part twice", Recurrence{RRule: "FREQ=DAILY;BYHOUR=9;BYHOUR=18"}, "recurrence.rrule twice"},
		{"a part without value", Recurrence{RRule: "FREQ=DAILY;COUNT="}, "recurrence.rrule FREQ=WEEKLY"},
		{"COUNT and UNTIL", Recurrence{RRule: "FREQ=DAILY;COUNT=2;UNTIL=20270101"}, "recurrence.rrule keep one"},
		{"COUNT=0", Recurrence{RRule: "FREQ=DAILY;COUNT=0"}, "recurrence.rrule 10000"},
		{"INTERVAL of a century", Recurrence{RRule: "FREQ=DAILY;INTERVAL=36525"}, ""},
		{"INTERVAL=0", Recurrence{RRule: "FREQ=DAILY;INTERVAL=0"}, "recurrence.rrule 1 to 2147483647"},
		{"INTERVAL too long", Recurrence{RRule: "FREQ=DAILY;INTERVAL=2147483648"}, "recurrence.rrule 1 to 2147483647"},
		{"INTERVAL out of int", Recurrence{RRule: "FREQ=DAILY;INTERVAL=99999999999999999999"}, "recurrence.rrule 1 to 2147483647"},
		{"the largest INTERVAL of days", Recurrence{RRule: "FREQ=DAILY;INTERVAL=2147483647"}, "recurrence.rrule never"},
		{"the largest INTERVAL of weeks", Recurrence{RRule: "FREQ=WEEKLY;INTERVAL=2147483647;BYDAY=MO"}, "recurrence.rrule never"},
		{"the largest INTERVAL of months", Recurrence{RRule: "FREQ=MONTHLY;INTERVAL=2147483647;BYMONTHDAY=31"}, "recurrence.rrule never"},
		{"UNTIL", Recurrence{RRule: "FREQ=DAILY;UNTIL=2027-01-01"}, "recurrence.rrule 20261231"},
		{"WKST", Recurrence{RRule: "FREQ=WEEKLY;WKST=1MO"}, "recurrence.rrule WKST"},
		{"BYMONTH", Recurrence{RRule: "FREQ=YEARLY;BYMONTH=13"}, "recurrence.rrule 1 to 12"},
		{"BYMONTHDAY=0", Recurrence{RRule: "FREQ=MONTHLY;BYMONTHDAY=0"}, "recurrence.rrule -31 to -1"},
		{"BYDAY", Recurrence{RRule: "FREQ=WEEKLY;BYDAY=MONDAY"}, "recurrence.rrule MO, TU"},
		{"BYDAY=0MO", Recurrence{RRule: "FREQ=MONTHLY;BYDAY=0MO"}, "recurrence.rrule BYDAY"},
		{"numbered day of a week", Recurrence{RRule: "FREQ=WEEKLY;BYDAY=1MO"}, "recurrence.rrule MONTHLY"},
		{"53rd Monday of a month", Recurrence{RRule: "FREQ=MONTHLY;BYDAY=-53MO"}, "recurrence.rrule -5 to 5"},
		{"53rd Monday of December", Recurrence{RRule: "FREQ=YEARLY;BYMONTH=12;BYDAY=53MO"}, "recurrence.rrule -5 to 5"},
		{"numbered and plain days", Recurrence{RRule: "FREQ=MONTHLY;BYDAY=1MO,TU"}, "recurrence.rrule number all"},
		{"BYMONTHDAY of a week", Recurrence{RRule: "FREQ=WEEKLY;BYMONTHDAY=1"}, "recurrence.rrule BYMONTHDAY"},
		{"BYYEARDAY of a month", Recurrence{RRule: "FREQ=MONTHLY;BYYEARDAY=1"}, "recurrence.rrule YEARLY"},
		{"BYSETPOS alone", Recurrence{RRule: "FREQ=MONTHLY;BYSETPOS=1"}, "recurrence.rrule BYSETPOS"},
		{"too many times of day", Recurrence{RRule: "FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,10,20,30,40"}, "recurrence.rrule 24 times"},
		{"30 February", Recurrence{RRule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence.rrule never"},
		{"out of phase for ever", Recurrence{RRule: "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30"}, "recurrence.rrule never"},
		{"only after the horizon", Recurrence{RRule: "FREQ=YEARLY;INTERVAL=1000"}, "recurrence.rrule never"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.r.DTStart == nil {
				tt.r.DTStart = new(at(t, due))
			}
			got := tt.r.validate("UTC", false)
			field, hint, _ := strings.Cut(tt.want, " ")
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("got %v, want none", got)
			case tt.want != "" && (len(got) != 1 || got[0].Field != field || !strings.Contains(got[0].Message, hint)):
				t.Errorf("got %v, want %s with %q", got, field, hint)
			}
		})
	}
}

// hostile returns rules that cause more work than any real rule. Some have as many list entries as
// fit.
func hostile() []string {
	days := make([]string, 0, 366)
	for n := range 366 {
		days = append(days, strconv.Itoa(n+1))
	}
	return []string{
		"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30,31",
		"FREQ=DAILY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=30;COUNT=10000",
		"FREQ=YEARLY;COUNT=10000;BYHOUR=" + strings.Join(days[:23], ","),
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYSETPOS=" + strings.Join(days[:110], ","),
		"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=" + strings.Join(days[:110], ","),
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYYEARDAY=" + strings.Join(days[:110], ","),
		"FREQ=DAILY;BYHOUR=" + strings.Repeat("1,", 100) + "1;BYMINUTE=" + strings.Repeat("1,", 100) + "1",
		"FREQ=DAILY;BYHOUR=" + strings.Join(days[:23], ",") + ";BYMINUTE=" + strings.Join(days[:59], ","),
		"FREQ=YEARLY;BYDAY=53MO,-53SU;BYMONTHDAY=1",
		"FREQ=MONTHLY;BYDAY=5MO,-5SU;BYMONTHDAY=15",
		"FREQ=WEEKLY;INTERVAL=1000;BYDAY=SU;WKST=MO;BYSETPOS=-1",
		"FREQ=WEEKLY;INTERVAL=2147483647;BYDAY=SU;WKST=MO;BYSETPOS=-1",
		"FREQ=MONTHLY;INTERVAL=2147483647;BYMONTHDAY=31;COUNT=10000",
	}
}

// TestHostileRules shows the bounds on the work of any rule. Lists have no duplicates and few times
// of day. Nothing is searched after the year 2399, although the library's own horizon is the year
// 9999.
func TestHostileRules(t *testing.T) {
	t.Parallel()
	for _, text := range hostile() {
		r := Recurrence{RRule: text, DTStart: new(at(t, "1970-01-01T00:00Z"))}
		task := Task{TimeZone: "UTC", DueAt: r.DTStart, Recurrence: &r}
		r.validate("UTC", false)
		next, ok, err := Next(task, at(t, "2398-12-31T00:00Z"))
		if err != nil && ErrorCode(err) != CodeInvalid {
			t.Errorf("%s: %v", text, err)
		}
		if ok && next.At.Year() > 2399 {
			t.Errorf("%s: found %s, after the horizon", text, next.At)
		}
		rule, err := parseRule(text)
		if o := rule.option; err == nil && (len(o.Byhour) > 24 || len(o.Byhour)*len(o.Byminute) > maxTimesOfDay) {
			t.Errorf("%s: %d hours, %d minutes", text, len(o.Byhour), len(o.Byminute))
		}
	}

	decades := Recurrence{RRule: "FREQ=YEARLY;INTERVAL=10"}
	got, err := decades.Occurrences(at(t, "2370-01-01T00:00Z"), "UTC", 5)
	if want := "2380-01-01T00:00Z 2390-01-01T00:00Z"; err != nil || text(t, "UTC", got...) != want {
		t.Errorf("decades from 2370: got %s, %v, want %s", text(t, "UTC", got...), err, want)
	}
}

// FuzzRule checks that no text causes a panic. An accepted rule yields ordered occurrences from its
// start. A later lower bound does not change the following occurrences. A rule with another COUNT
// is accepted too.
func FuzzRule(f *testing.F) {
	for _, text := range slices.Concat(hostile(), []string{
		"daily", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=20400101",
		"FREQ=MONTHLY;BYMONTHDAY=-1;BYSETPOS=1", "FREQ=DAILY;UNTIL=20260301T000000Z", "RRULE:FREQ=DAILY\n", ";;=", "FREQ=DAILY;BYDAY=,",
	}) {
		f.Add(text, int64(1_770_000_000), "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, text string, unix int64, zone string) {
		start := time.Unix(unix%60_000_000_000, 0).UTC()
		r := Recurrence{RRule: text, DTStart: &start}
		if bad := r.validate(zone, false); len(bad) > 0 {
			return
		}
		for _, r.Anchor = range []string{AnchorDue, AnchorCompletion} {
			found, err := r.Occurrences(start, zone, 4)
			if _, zoneErr := LoadZone(zone); (err == nil) != (zoneErr == nil) {
				t.Fatalf("%q in %q: %v", text, zone, err)
			}
			if len(found) > 4 {
				t.Fatalf("%q: got %d occurrences, want at most 4", text, len(found))
			}
			if len(found) > 0 && !found[0].After(start) || !slices.IsSortedFunc(found, time.Time.Compare) {
				t.Fatalf("%q after %s: %s", text, start, found)
			}
		}
		rule, err := parseRule(text)
		if err != nil {
			t.Fatalf("%q is valid but not parsed: %v", text, err)
		}
		if times := max(1, len(rule.option.Byhour)) * max(1, len(rule.option.Byminute)); len(rule.text) > maxRRule || times > maxTimesOfDay {
			t.Fatalf("%q: got a rule of %d bytes with %d times of day", text, len(rule.text), times)
		}
		if location, err := LoadZone(zone); err == nil {
			rule := rule
			rule.count = 0
			skipping := series{rule: rule, start: wallOf(start, location), zone: location}
			counting := skipping
			counting.rule.count = math.MaxInt
			later := start.Add(time.Duration(unix%100_000_000) * time.Second)
			got, gotErr := skipping.after(later, 3)
			want, wantErr := counting.after(later, 3)
			if gotErr != nil || wantErr != nil || !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Fatalf("%q from %s in %s after %s: got %s, %v, want %s, %v", text, start, zone, later, got, gotErr, want, wantErr)
			}
		}
		if rule.count > 0 {
			if again, err := parseRule(rule.withCount(7)); err != nil || again.count != 7 {
				t.Fatalf("%q with COUNT=7: %q, %v", text, rule.withCount(7), err)
			}
		}
	})
}
