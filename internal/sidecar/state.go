package sidecar

import (
	"context"
	"fmt"
	"time"

	dapr "github.com/dapr/go-sdk/client"
)

// StateStore is the name of the state component.
const StateStore = "conversations"

// stateTimeout bounds a call of the state API. A person waits for the answer.
const stateTimeout = 5 * time.Second

// StateChange sets or deletes a key of the state store.
type StateChange struct {
	Key string
	// Value is the new value. Nil deletes the key.
	Value []byte
	// First makes the change fail if the key has another ETag than this. An empty ETag stands for a key that does
	// not exist. Nil lets the last write win.
	First *string
}

// State returns the value of a key and its ETag. Both are empty if there is no such key.
func (c *Client) State(ctx context.Context, key string) (value []byte, etag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	item, err := c.dapr.GetState(ctx, StateStore, key, nil)
	if err != nil {
		return nil, "", fmt.Errorf("read state: %w", err)
	}
	return item.Value, item.Etag, nil
}

// ChangeState makes all changes in one transaction, or none. The sidecar does not tell a change that lost from
// another error: read the ETag again to find out.
func (c *Client) ChangeState(ctx context.Context, changes ...StateChange) error {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	var operations []*dapr.StateOperation
	for _, change := range changes {
		item := &dapr.SetStateItem{
			Key: change.Key, Value: change.Value,
			Options: &dapr.StateOptions{Concurrency: dapr.StateConcurrencyLastWrite, Consistency: dapr.StateConsistencyStrong},
		}
		if change.First != nil {
			item.Options.Concurrency = dapr.StateConcurrencyFirstWrite
			if *change.First != "" { // an ETag never inserts, and no ETag inserts once
				item.Etag = &dapr.ETag{Value: *change.First}
			}
		}
		operation := &dapr.StateOperation{Type: dapr.StateOperationTypeUpsert, Item: item}
		if change.Value == nil {
			operation.Type = dapr.StateOperationTypeDelete
		}
		operations = append(operations, operation)
	}
	if err := c.dapr.ExecuteStateTransaction(ctx, StateStore, nil, operations); err != nil {
		return fmt.Errorf("change state: %w", err)
	}
	return nil
}
