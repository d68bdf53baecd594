package page

import (
	"reflect"
	"testing"
)

// No change is lost. Changes of two people are merged. If both changed the same field, the second
// one chooses.
func TestLostUpdate(t *testing.T) {
	t.Parallel()
	mine := newVisitor(t, "UTC")
	theirs := mine.another()
	made := mine.make(map[string]any{"title": "letter", "description": "first", "priority": "low"})
	open := func(v *visitor) *form { return v.get("/task/" + made.ID).form("/tasks/" + made.ID) }

	a, b := open(mine), open(theirs)
	b.fill("title", "long letter").send().want(200, "long letter")
	a.fill("priority", "high").send().want(200, "long letter")
	if got := mine.now(made.ID); got.Title != "long letter" || got.Priority != "high" {
		t.Errorf("got %+v, want both changes", got)
	}

	a, b = open(mine), open(theirs)
	b.fill("description", "second, <b>theirs</b>", "tags", "post").send().want(200, "long letter")
	conflict := a.fill("description", "second, mine", "title", "letter to Ada").send()
	conflict.want(409, "long letter").says("This task was changed elsewhere while you edited it", "Yours second, mine", "The other second, <b>theirs</b>")
	if got := mine.now(made.ID); got.Description != "second, <b>theirs</b>" || got.Title != "long letter" {
		t.Errorf("got %+v, want nothing saved before the choice", got)
	}
	again := conflict.form("/tasks/" + made.ID)
	if again.values.Get("description") != "second, mine" || again.values.Get("title") != "letter to Ada" || again.values.Get("tags") != "post" {
		t.Errorf("the form holds %v, want the typed values and the tags of the other user", again.values)
	}
	again.fill("keep_description", "theirs").send().want(200, "letter to Ada")
	if got := mine.now(made.ID); got.Description != "second, <b>theirs</b>" || got.Title != "letter to Ada" || len(got.Tags) != 1 {
		t.Errorf("got %+v, want their notes and my title", got)
	}

	a, b = open(mine), open(theirs)
	b.fill("description", "third, theirs").send().want(200, "letter to Ada")
	a.fill("description", "third, mine").send().want(409, "letter to Ada").form("/tasks/"+made.ID).send().want(200, "letter to Ada")
	if got := mine.now(made.ID).Description; got != "third, mine" {
		t.Errorf("got the notes %q, want mine", got)
	}

	// A task that changed since it was shown is not deleted.
	deletion := mine.get("/all").form("/tasks/" + made.ID + "/delete")
	open(theirs).fill("title", "still needed").send().want(200, "still needed")
	deletion.fill("sure", "yes").send().want(412, "It was changed elsewhere").says("“letter to Ada” was changed elsewhere meanwhile")
	mine.get("/task/"+made.ID).want(200, "still needed")
}

func TestSentTwiceIsDoneOnce(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "UTC")
	f := v.get("/all").form("/tasks").fill("line", "only once")
	f.send().want(200, "All")
	if titles := f.send().want(200, "All").titles(); len(titles) != 1 {
		t.Errorf("got %q, want one task", titles)
	}
}

// Saving sends only the changed fields, and leaves the format of all other values alone.
func TestUnchangedFieldsStay(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "UTC")
	made := v.make(map[string]any{
		"title": "as it was", "description": "one\r\ntwo\n\nthree ", "tags": []string{"a,b", "c d"}, "due_at": "2031-03-01T08:00:30Z", "time_zone": "Asia/Tokyo",
		"reminders": []map[string]any{{"at": "2031-02-28T08:00:30Z"}, {"minutes_before": 90}}, "recurrence": map[string]string{"rrule": "rrule:freq=monthly;bymonthday=1,15"},
	})
	before := v.now(made.ID)
	v.get("/task/"+made.ID).form("/tasks/"+made.ID).fill("title", "renamed").send().want(200, "renamed")
	after := v.now(made.ID)
	after.Title = before.Title
	if !reflect.DeepEqual(after, before) {
		t.Errorf("got %+v, want %+v", after, before)
	}
}
