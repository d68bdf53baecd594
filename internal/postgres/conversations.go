package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Conversations returns a user's conversations with the assistant in JSON, in the order of their ids. Sidecars write
// them (package conversation), and the index of them is left out.
func Conversations(ctx context.Context, tx pgx.Tx, userID uuid.UUID) ([]json.RawMessage, error) {
	rows, err := tx.Query(ctx, `SELECT value FROM conversation_state WHERE user_id = $1 AND key NOT LIKE '%/index' ORDER BY key`, userID)
	if err != nil {
		return nil, fmt.Errorf("query conversations: %w", err)
	}
	conversations := []json.RawMessage{}
	var raw []byte
	if _, err := pgx.ForEachRow(rows, []any{&raw}, func() error {
		conversations = append(conversations, append(json.RawMessage(nil), raw...))
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read conversations: %w", err)
	}
	return conversations, nil
}
