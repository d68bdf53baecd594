package task

import (
	"strings"
	"testing"
	"time"
)

// minute is the layout of instants in these tables.
const minute = "2006-01-02T15:04Z07:00"

func at(t *testing.T, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(minute, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// text returns instants as wall times in a zone.
func text(t *testing.T, zone string, instants ...time.Time) string {
	t.Helper()
	location, err := LoadZone(zone)
	if err != nil {
		t.Fatal(err)
	}
	parts := make([]string, len(instants))
	for i, instant := range instants {
		parts[i] = instant.In(location).Format(minute)
	}
	return strings.Join(parts, " ")
}

// TestOccurrences checks explicit rules. The expected instants come from python-dateutil 2.9.0
// (rrulestr for the wall times, tz.resolve_imaginary for the gaps). Where dateutil yields an
// instant twice, the table has it once. An example is Apia, which left out 30 December 2011.
func TestOccurrences(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, due, rrule, want string }{
		{"daily", "Europe/Berlin", "2026-02-10T09:00+01:00", "FREQ=DAILY",
			"2026-02-11T09:00+01:00 2026-02-12T09:00+01:00 2026-02-13T09:00+01:00"},
		{"every third day", "UTC", "2026-02-26T09:00Z", "FREQ=DAILY;INTERVAL=3",
			"2026-03-01T09:00Z 2026-03-04T09:00Z 2026-03-07T09:00Z"},
		{"weekdays", "America/New_York", "2026-02-12T09:00-05:00", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
			"2026-02-13T09:00-05:00 2026-02-16T09:00-05:00 2026-02-17T09:00-05:00"},
		{"Mondays", "Europe/Berlin", "2026-02-09T09:00+01:00", "FREQ=WEEKLY;BYDAY=MO",
			"2026-02-16T09:00+01:00 2026-02-23T09:00+01:00 2026-03-02T09:00+01:00"},
		{"every second week, two days", "Europe/Berlin", "2026-02-10T09:00+01:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH",
			"2026-02-12T09:00+01:00 2026-02-24T09:00+01:00 2026-02-26T09:00+01:00"},
		{"week starting on Sunday", "UTC", "1997-08-05T09:00Z", "FREQ=WEEKLY;INTERVAL=2;COUNT=5;BYDAY=TU,SU;WKST=SU",
			"1997-08-17T09:00Z 1997-08-19T09:00Z 1997-08-31T09:00Z"},
		{"week starting on Monday", "UTC", "1997-08-05T09:00Z", "FREQ=WEEKLY;INTERVAL=2;COUNT=5;BYDAY=TU,SU;WKST=MO",
			"1997-08-10T09:00Z 1997-08-19T09:00Z 1997-08-24T09:00Z"},
		{"31st skips short months", "UTC", "2026-01-31T09:00Z", "FREQ=MONTHLY",
			"2026-03-31T09:00Z 2026-05-31T09:00Z 2026-07-31T09:00Z"},
		{"30th skips Feb", "UTC", "2026-01-30T09:00Z", "FREQ=MONTHLY",
			"2026-03-30T09:00Z 2026-04-30T09:00Z 2026-05-30T09:00Z"},
		{"last day of the month", "UTC", "2026-01-31T09:00Z", "FREQ=MONTHLY;BYMONTHDAY=-1",
			"2026-02-28T09:00Z 2026-03-31T09:00Z 2026-04-30T09:00Z"},
		{"1st and 15th", "UTC", "2026-01-15T09:00Z", "FREQ=MONTHLY;BYMONTHDAY=1,15",
			"2026-02-01T09:00Z 2026-02-15T09:00Z 2026-03-01T09:00Z"},
		{"second Monday", "America/New_York", "2026-02-09T09:00-05:00", "FREQ=MONTHLY;BYDAY=2MO",
			"2026-03-09T09:00-04:00 2026-04-13T09:00-04:00 2026-05-11T09:00-04:00"},
		{"last Friday", "UTC", "2026-01-30T09:00Z", "FREQ=MONTHLY;BYDAY=-1FR",
			"2026-02-27T09:00Z 2026-03-27T09:00Z 2026-04-24T09:00Z"},
		{"last workday", "UTC", "2026-01-30T09:00Z", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
			"2026-02-27T09:00Z 2026-03-31T09:00Z 2026-04-30T09:00Z"},
		{"Friday the 13th", "UTC", "2026-02-13T09:00Z", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
			"2026-03-13T09:00Z 2026-11-13T09:00Z 2027-08-13T09:00Z"},
		{"quarterly", "UTC", "2026-01-15T09:00Z", "FREQ=MONTHLY;INTERVAL=3",
			"2026-04-15T09:00Z 2026-07-15T09:00Z 2026-10-15T09:00Z"},
		{"29 Feb yearly", "UTC", "2024-02-29T09:00Z", "FREQ=YEARLY",
			"2028-02-29T09:00Z 2032-02-29T09:00Z 2036-02-29T09:00Z"},
		{"29 Feb across 2100", "UTC", "2092-02-29T09:00Z", "FREQ=YEARLY",
			"2096-02-29T09:00Z 2104-02-29T09:00Z 2108-02-29T09:00Z"},
		{"Thanksgiving", "America/New_York", "2026-11-26T09:00-05:00", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
			"2027-11-25T09:00-05:00 2028-11-23T09:00-05:00 2029-11-22T09:00-05:00"},
		{"100th day", "UTC", "2026-04-10T09:00Z", "FREQ=YEARLY;BYYEARDAY=100",
			"2027-04-10T09:00Z 2028-04-09T09:00Z 2029-04-10T09:00Z"},
		{"last day of year by year day", "UTC", "2026-12-31T09:00Z", "FREQ=YEARLY;BYYEARDAY=-1",
			"2027-12-31T09:00Z 2028-12-31T09:00Z 2029-12-31T09:00Z"},
		{"20th Monday of the year", "UTC", "1997-05-19T09:00Z", "FREQ=YEARLY;BYDAY=20MO",
			"1998-05-18T09:00Z 1999-05-17T09:00Z 2000-05-15T09:00Z"},
		{"twice a day", "UTC", "2026-02-10T09:00Z", "FREQ=DAILY;BYHOUR=9,18",
			"2026-02-10T18:00Z 2026-02-11T09:00Z 2026-02-11T18:00Z"},
		{"COUNT", "UTC", "2026-02-10T09:00Z", "FREQ=DAILY;COUNT=3",
			"2026-02-11T09:00Z 2026-02-12T09:00Z"},
		{"UNTIL inclusive", "UTC", "2026-02-10T09:00Z", "FREQ=DAILY;UNTIL=20260212T090000Z",
			"2026-02-11T09:00Z 2026-02-12T09:00Z"},
		{"offset changes, clock time stays", "Europe/Berlin", "2026-03-28T09:00+01:00", "FREQ=DAILY",
			"2026-03-29T09:00+02:00 2026-03-30T09:00+02:00 2026-03-31T09:00+02:00"},
		{"gap", "Europe/Berlin", "2026-03-28T02:30+01:00", "FREQ=DAILY",
			"2026-03-29T03:30+02:00 2026-03-30T02:30+02:00 2026-03-31T02:30+02:00"},
		{"gap NY", "America/New_York", "2026-03-07T02:30-05:00", "FREQ=DAILY",
			"2026-03-08T03:30-04:00 2026-03-09T02:30-04:00 2026-03-10T02:30-04:00"},
		{"fold", "Europe/Berlin", "2026-10-24T02:30+02:00", "FREQ=DAILY",
			"2026-10-25T02:30+02:00 2026-10-26T02:30+01:00 2026-10-27T02:30+01:00"},
		{"fold NY", "America/New_York", "2026-10-31T01:30-04:00", "FREQ=DAILY",
			"2026-11-01T01:30-04:00 2026-11-02T01:30-05:00 2026-11-03T01:30-05:00"},
		{"gap at midnight", "America/Santiago", "2026-09-05T00:30-04:00", "FREQ=DAILY",
			"2026-09-06T01:30-03:00 2026-09-07T00:30-03:00 2026-09-08T00:30-03:00"},
		{"half-hour gap", "Australia/Lord_Howe", "2026-10-03T02:15+10:30", "FREQ=DAILY",
			"2026-10-04T02:45+11:00 2026-10-05T02:15+11:00 2026-10-06T02:15+11:00"},
		{"a date left out", "Pacific/Apia", "2011-12-28T12:00-10:00", "FREQ=DAILY",
			"2011-12-29T12:00-10:00 2011-12-31T12:00+14:00 2012-01-01T12:00+14:00"},
		{"date differs from UTC", "Pacific/Kiritimati", "2026-01-31T09:00+14:00", "FREQ=MONTHLY;BYMONTHDAY=-1",
			"2026-02-28T09:00+14:00 2026-03-31T09:00+14:00 2026-04-30T09:00+14:00"},
		{"date differs from UTC, west", "Pacific/Honolulu", "2026-02-09T20:00-10:00", "FREQ=WEEKLY;BYDAY=MO",
			"2026-02-16T20:00-10:00 2026-02-23T20:00-10:00 2026-03-02T20:00-10:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Recurrence{RRule: tt.rrule}.Occurrences(at(t, tt.due), tt.zone, 3)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(t, tt.zone, got...); got != tt.want {
				t.Errorf("occurrences of %s after %s:\n got %s\nwant %s", tt.rrule, tt.due, got, tt.want)
			}
			r := Recurrence{RRule: tt.rrule, DTStart: new(at(t, tt.due))}
			if bad := r.validate(tt.zone, false); bad != nil {
				t.Errorf("validate: %v", bad)
			}
		})
	}
}
