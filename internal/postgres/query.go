package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// execOne executes a statement about one row. It returns the error none if there is no such row.
func execOne(ctx context.Context, tx pgx.Tx, action string, none error, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if tag.RowsAffected() == 0 {
		return none
	}
	return nil
}

// MaxPageBytes is the size after which a page of a list ends. Without it, a page of large tasks takes
// many megabytes, and several of them all memory.
const MaxPageBytes = 1 << 20

// readPage reads rows until it has limit items or MaxPageBytes. It reports whether rows are left.
func readPage[T any](rows pgx.Rows, limit int, scan func(pgx.CollectableRow) (T, error)) (page []T, more bool, err error) {
	defer rows.Close()
	size := 0
	for rows.Next() {
		if len(page) == limit || size >= MaxPageBytes {
			return page, true, nil
		}
		for _, value := range rows.RawValues() {
			size += len(value)
		}
		item, err := scan(rows)
		if err != nil {
			return nil, false, err
		}
		page = append(page, item)
	}
	return page, false, rows.Err()
}

// query is a SELECT whose conditions depend on a filter.
type query struct {
	sql  string
	args []any
}

// where adds a condition. It has $%d in the place of each value.
func (q *query) where(condition string, values ...any) { q.add(" AND "+condition, values...) }

// add appends a part of the statement. It has $%d in the place of each value.
func (q *query) add(part string, values ...any) {
	positions := make([]any, len(values))
	for i, v := range values {
		q.args = append(q.args, v)
		positions[i] = len(q.args)
	}
	q.sql += fmt.Sprintf(part, positions...)
}
