package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

// consumerOf maps a topic to the app that consumes it. Dead letters of another consumer of the
// topic look the same.
var consumerOf = map[string]string{event.TopicTasks: "recurring", event.TopicReminders: "notifier", event.TopicUpdates: "live"}

// list prints a line for each waiting dead letter, or for all.
func (b deadLetterBox) list(ctx context.Context, all bool) error {
	found, err := b.read(ctx, all)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	if len(found) > 0 {
		fmt.Fprintln(w, "FIRST\tLAST\tTIMES\tTOPIC\tCONSUMER\tTYPE\tTASK\tSTATE\tID\tWHY")
	}
	for _, d := range found {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.FirstAt.UTC().Format(time.RFC3339), d.LastAt.UTC().Format(time.RFC3339),
			d.Times, known(d.Topic), known(consumerOf[d.Topic]), known(d.Type), knownID(d.TaskID), d.State, d.ID, d.Reason)
	}
	fmt.Fprintf(w, "%d dead letters\n", len(found))
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print dead letters: %w", err)
	}
	return nil
}

// show prints an event as it arrived. It indents JSON and dumps anything else, because the bytes
// can be anything.
func (b deadLetterBox) show(ctx context.Context, id uuid.UUID) error {
	var d postgres.DeadLetter
	err := b.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		d, err = postgres.DeadLetterByID(ctx, tx, id)
		return err
	})
	if err != nil {
		return err
	}
	text := hex.Dump(d.Raw)
	if event.IsObject(d.Raw) {
		var indented bytes.Buffer
		if err := json.Indent(&indented, bytes.TrimSpace(d.Raw), "", "  "); err != nil {
			return fmt.Errorf("print dead letter %s: %w", id, err)
		}
		text = visible(indented.String()) + "\n"
	}
	_, err = fmt.Fprint(b.out, text)
	return err
}

// visible escapes unprintable characters of a JSON text in the way of JSON. A terminal might obey
// them.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\n' || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

func known(s string) string {
	if s == "" {
		return "?"
	}
	return s
}

func knownID(id uuid.UUID) string {
	if id == uuid.Nil {
		return "?"
	}
	return id.String()
}
