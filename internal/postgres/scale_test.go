package postgres_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// usual is the maximum number of pages of 8 KB that an ordinary call reads. A list of 200 rows has each
// on a page of its own at worst.
const usual = 300

// whole are functions that read as much as there is.
var whole = map[string]string{
	"BackupTables": "a backup reads everything", "CopyOut": "a backup reads everything", "CopyIn": "a restore writes everything",
	"Sequences": "a backup reads everything", "SetSequence": "a restore writes everything", "SchemaOf": "it reads the catalog alone",
	"BeginEpoch": "after a restore, all reminders are scheduled again", "Restored": "after a restore, all reminders are scheduled again",
	"CheckEmpty":            "a restore looks for rows, and one is enough",
	"CountUnreceived":       "an operator asks for all events, in a command",
	"UnfollowedCompletions": "an operator asks for all completions, in a command",
	"PublishedUsers":        "a replay reads all events since an instant",
}

// Functions cost the same with 700,000 rows of other people as without: the test bounds the pages
// that each of them reads. Plans are generic, as those of a connection that has been used a while. A
// new function of the package needs an entry.
func TestOtherPeoplesRowsCostNothing(t *testing.T) {
	t.Parallel()
	f := newScaleFixture(t)
	calls := f.calls()
	known := map[string]bool{}
	for name := range calls {
		function, _, _ := strings.Cut(name, "/")
		known[function] = true
	}
	for _, name := range transactionFunctions(t) {
		if _, exempt := whole[name]; !exempt && !known[name] {
			t.Errorf("%s is not measured: add a call to scaleFixture.calls", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		f.pages(t, name, calls[name]) // plans the statements
		got := f.pages(t, name, calls[name])
		t.Logf("%5d pages: %s", got, name)
		most, ok := atMost[name]
		if !ok {
			most = usual
		}
		if got > most {
			t.Errorf("%s reads %d pages, want at most %d", name, got, most)
		}
	}
}

// transactionFunctions returns the names of the package's exported functions of a transaction.
func transactionFunctions(t *testing.T) (names []string) {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), ".", func(file fs.FileInfo) bool { return !strings.HasSuffix(file.Name(), "_test.go") }, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range packages["postgres"].Files {
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() {
				continue
			}
			for _, parameter := range f.Type.Params.List {
				if of, ok := parameter.Type.(*ast.SelectorExpr); ok && of.Sel.Name == "Tx" {
					names = append(names, f.Name.Name)
				}
			}
		}
	}
	if len(names) < 100 {
		t.Fatalf("the package has the functions %q", names)
	}
	return names
}

// pages runs f in a transaction that is rolled back, and returns the number of pages that it read.
func (f *scaleFixture) pages(t *testing.T, name string, run func(ctx context.Context, tx pgx.Tx) error) int64 {
	t.Helper()
	errUndo := errors.New("undo")
	before := f.readSoFar(t)
	err := f.measured.InTx(t.Context(), func(tx pgx.Tx) error {
		if err := run(t.Context(), tx); err != nil {
			return err
		}
		// The server publishes the counts of a session at the end of its transaction.
		if _, err := tx.Exec(t.Context(), `SELECT pg_stat_force_next_flush()`); err != nil {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatalf("%s: %v", name, err)
	}
	return f.readSoFar(t) - before
}

// readSoFar returns the number of pages of tables and indexes that the database has read.
func (f *scaleFixture) readSoFar(t *testing.T) (n int64) {
	t.Helper()
	in(t, f.db, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)
				+ coalesce(toast_blks_read + toast_blks_hit + tidx_blks_read + tidx_blks_hit, 0))::bigint FROM pg_statio_user_tables`).Scan(&n)
	})
	return n
}
