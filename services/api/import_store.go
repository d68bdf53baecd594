package main

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// storeAttempts is the number of attempts of storeImport. The first attempt sees tasks that others
// have stored. The second one sees those that somebody stored at the same time. A third person can
// make one more necessary.
const storeAttempts = 5

// storeImport adds the entries that the user does not have, in the order of the file. A dry run
// only reports them. If two users import the same tasks at the same time, the second one gets other
// ids, as in a later import.
func (u *userTx) storeImport(ctx context.Context, in *importReader, dryRun bool) (apiv1.ImportResult, error) {
	var result apiv1.ImportResult
	store := func(tx pgx.Tx) error {
		tasks, err := identify(ctx, tx, u.user.ID, in.entries)
		if err != nil {
			return err
		}
		if err := u.admitTasks(createdCopies, tasks...); err != nil {
			return err
		}
		result = newImportResult(tasks, len(in.entries), in.notes, dryRun)
		if dryRun {
			return nil
		}
		for i := range tasks {
			u.placeDay(&tasks[i])
		}
		return addTasks(ctx, tx, u.user.ID, tasks, u.now)
	}
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, u.Tx, store) // a savepoint: the user stays locked
		if task.ErrorCode(err) != task.CodeConflict || attempt == storeAttempts {
			return result, err
		}
	}
}

// otherIDs is the number of ids that are derived for an entry whose id another user has. More than one
// are needed when that user imports the first one too.
const otherIDs = 3

// deriveIDs returns ids that only this user's import derives from a key, in the order of preference.
func deriveIDs(userID uuid.UUID, key string) (ids [otherIDs]uuid.UUID) {
	for i := range ids {
		ids[i] = uuid.NewSHA1(userID, []byte(key))
		key = ids[i].String()
	}
	return ids
}

// identify returns the tasks that the user does not have yet, with their ids. A task keeps the id
// of the file unless another user has it, as in a move between accounts. Then its id is derived
// from the user and the old id, so that a second import recognises it. All tasks of its series, and
// the series, get derived ids too. Otherwise the following occurrences would be those of the other
// user.
func identify(ctx context.Context, tx pgx.Tx, userID uuid.UUID, entries []entry) ([]task.Task, error) {
	var ids, series []uuid.UUID
	for _, e := range entries {
		others, ofSeries := deriveIDs(userID, e.key), deriveIDs(userID, seriesOf(e).String())
		ids = append(append(ids, e.id), others[:]...)
		series = append(append(series, seriesOf(e)), ofSeries[:]...)
	}
	owners, err := postgres.TaskOwners(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	taken, err := postgres.ForeignSeries(ctx, tx, userID, series)
	if err != nil {
		return nil, err
	}
	foreign := map[uuid.UUID]bool{}
	for _, id := range taken {
		foreign[id] = true
	}
	for id, owner := range owners {
		foreign[id] = foreign[id] || owner != userID
	}
	for _, e := range entries {
		if foreign[e.id] {
			foreign[seriesOf(e)] = true
		}
	}

	var tasks []task.Task
	seen := map[uuid.UUID]bool{}
	for _, e := range entries {
		t, others := e.task, deriveIDs(userID, e.key)
		t.ID = e.id
		if t.ID == uuid.Nil || foreign[seriesOf(e)] {
			t.ID = firstOwn(others, foreign)
			if e.id != uuid.Nil && t.UID == "" {
				t.UID = e.id.String() // iCalendar knows the task by this name.
			}
		}
		if t.UID == t.ID.String() {
			t.UID = ""
		}
		has := func(id uuid.UUID) bool { return owners[id] == userID }
		if has(e.id) || slices.ContainsFunc(others[:], has) || seen[t.ID] {
			continue
		}
		seen[t.ID] = true
		if t.SeriesID != nil && foreign[*t.SeriesID] {
			t.SeriesID = new(firstOwn(deriveIDs(userID, t.SeriesID.String()), foreign))
		}
		startSeries(&t)
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// firstOwn returns the first id that is not foreign. The last one is returned if all are.
func firstOwn(ids [otherIDs]uuid.UUID, foreign map[uuid.UUID]bool) uuid.UUID {
	for _, id := range ids {
		if !foreign[id] {
			return id
		}
	}
	return ids[otherIDs-1]
}

// seriesOf returns the series of an entry. An entry without a series is its own series.
func seriesOf(e entry) uuid.UUID {
	if e.task.SeriesID != nil {
		return *e.task.SeriesID
	}
	return e.id
}

// addPart is the number of tasks that are stored at a time.
const addPart = 500

// addTasks stores tasks that were created elsewhere. They keep their instants of creation and
// completion. A completed task emits no task.completed, so no occurrence follows it.
func addTasks(ctx context.Context, tx pgx.Tx, userID uuid.UUID, tasks []task.Task, now time.Time) error {
	if len(tasks) == 0 {
		return nil
	}
	last, err := postgres.TakeRevisions(ctx, tx, userID, len(tasks))
	if err != nil {
		return err
	}
	revision := last - int64(len(tasks))
	for part := range slices.Chunk(tasks, addPart) {
		var events []event.Event
		reminders := map[uuid.UUID]map[int]time.Time{}
		for i := range part {
			revision++
			part[i].Revision, part[i].UpdatedAt = revision, now
			reminders[part[i].ID] = wantedReminders(part[i], now)
			events = append(events, event.New(event.TaskCreated, userID, part[i], now), event.New(event.TaskChanged, userID, part[i], now))
		}
		if err := postgres.InsertTasks(ctx, tx, userID, part); err != nil {
			return err
		}
		if err := postgres.SetFirstReminders(ctx, tx, userID, reminders, now); err != nil {
			return err
		}
		if err := postgres.CopyEvents(ctx, tx, events); err != nil {
			return err
		}
	}
	return nil
}
